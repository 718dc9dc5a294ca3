#![expect(clippy::cast_possible_truncation, reason = "made-up values of every type")]

use image::{DynamicImage, GrayAlphaImage, GrayImage, ImageBuffer, Luma, Rgb, RgbImage, Rgba, RgbaImage};

use super::*;
use crate::codec::testing::{encoded, survives_damage};

fn comes_back<T>(image: &T) -> Vec<u8>
where
    T: PartialEq + std::fmt::Debug,
    Image: Leaf<T>,
{
    let bytes = encoded::<T, Image>(image);
    let back = <Image as Leaf<T>>::decode(Codec::Pixels, bytes.clone().into()).expect("it reads back");
    assert_eq!(back, *image);
    assert_eq!(<Image as Leaf<T>>::measure(image).size, (bytes.len() - HEADER) as u64);
    bytes
}

#[test]
fn every_pixel_type_comes_back() {
    comes_back(&RgbImage::from_fn(3, 2, |x, y| Rgb([x as u8, y as u8, 7])));
    comes_back(&RgbaImage::from_pixel(300, 300, Rgba([1, 2, 3, 4])));
    comes_back(&GrayImage::from_pixel(1, 1, Luma([9])));
    comes_back(&GrayAlphaImage::new(2, 5));
    comes_back(&RgbImage::new(0, 7));
    comes_back(&ImageBuffer::<Rgb<u16>, _>::from_fn(200, 100, |x, y| Rgb([x as u16 * 300, y as u16, 1])));
    comes_back(&ImageBuffer::<Luma<u16>, _>::from_pixel(2, 2, Luma([513])));
    comes_back(&ImageBuffer::<Rgba<f32>, _>::from_pixel(2, 2, Rgba([0.1, -0.0, 1e30, 1.0])));
    for image in
        [DynamicImage::new_luma16(3, 3), DynamicImage::new_rgb32f(2, 1), DynamicImage::new_rgba8(1, 2)]
    {
        comes_back(&image);
    }
}

#[test]
fn the_bytes_are_as_documented() {
    let bytes =
        comes_back(&ImageBuffer::<Luma<u16>, _>::from_raw(2, 1, vec![1u16, 0x203]).expect("two pixels"));
    assert_eq!(bytes, b"OPIX\x01\x05\x00\x00\x02\0\0\0\x01\0\0\0\x01\0\x03\x02");
}

#[test]
fn colour_spaces_are_kept_or_the_image_stays_in_memory() {
    let mut image = RgbImage::new(2, 2);
    image.set_color_space(Cicp::DISPLAY_P3).expect("a colour space of pixels");
    comes_back(&image);
    image.set_rgb_primaries(image::metadata::CicpColorPrimaries::Rgb2020);
    assert_eq!(<Image as Leaf<RgbImage>>::choose(&image), Codec::None);
}

#[test]
fn an_image_of_another_type_is_refused() {
    let bytes = encoded::<_, Image>(&RgbaImage::new(3, 1));
    assert!(<Image as Leaf<RgbImage>>::decode(Codec::Pixels, bytes.into()).is_err());
}

#[test]
fn damaged_images_never_panic() {
    survives_damage::<RgbImage, Image>(&encoded::<_, Image>(&RgbImage::new(2, 2)), |_| ());
    survives_damage::<DynamicImage, Image>(&encoded::<_, Image>(&DynamicImage::new_rgb16(2, 1)), |_| ());
}
