//! The leaf of images: raw pixels behind a small header.
//!
//! The format: `OPIX`, a version byte (1), the colour type (see [`colour_id`]), the colour space (0 sRGB, 1 linear
//! sRGB, 2 Display P3), a zero byte, width and height as 4 bytes little-endian each, then the channels of the pixels
//! row by row, little-endian.

#[cfg(test)]
mod tests;

use std::io;

use image::metadata::Cicp;
use image::{DynamicImage, ExtendedColorType, ImageBuffer, PixelWithColorType};

use super::copying::{copied, copied_bytes};
use super::{Leaf, Measure, Native, Payload, TypeShape, expect_codec, shape_of};
use crate::error::{Fault, FaultKind};
use crate::kind::{Codec, Kind};

/// The leaf of images.
#[derive(Clone, Copy, Debug)]
pub struct Image;

const MAGIC: [u8; 5] = *b"OPIX\x01";
const HEADER: usize = 16;
/// How many bytes of channels are gathered before they are written.
const BUFFER: usize = 1 << 16;

mod sealed {
    pub trait Sealed {}
}

/// A channel of a pixel: `u8`, `u16` or `f32`.
pub trait Channel: sealed::Sealed + Copy + 'static {
    /// Appends the channels' bytes.
    #[doc(hidden)]
    fn append(channels: &[Self], bytes: &mut Vec<u8>);
    /// The channels of whose bytes `bytes` consists.
    #[doc(hidden)]
    fn collect(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! channels {
    ($($type:ty)+) => {
        $(impl sealed::Sealed for $type {}

        impl Channel for $type {
            fn append(channels: &[Self], bytes: &mut Vec<u8>) {
                bytes.extend(channels.iter().flat_map(|channel| channel.to_le_bytes()));
            }

            fn collect(bytes: &[u8]) -> Vec<Self> {
                // SAFETY: every bit pattern is a value of the type.
                let copy = unsafe { copied::<Self>(bytes, |_| true) };
                let mut channels = copy.ok().flatten().unwrap_or_default();
                if cfg!(target_endian = "big") {
                    channels.iter_mut().for_each(|channel| *channel = Self::from_le_bytes(channel.to_ne_bytes()));
                }
                channels
            }
        })+
    };
}

channels! { u16 f32 }

impl sealed::Sealed for u8 {}

impl Channel for u8 {
    fn append(channels: &[Self], bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(channels);
    }

    fn collect(bytes: &[u8]) -> Vec<Self> {
        copied_bytes(bytes)
    }
}

/// The byte that stands for a pixel's colour type; never reassigned. Zero is no type.
const fn colour_id(colour: ExtendedColorType) -> u8 {
    match colour {
        ExtendedColorType::L8 => 1,
        ExtendedColorType::La8 => 2,
        ExtendedColorType::Rgb8 => 3,
        ExtendedColorType::Rgba8 => 4,
        ExtendedColorType::L16 => 5,
        ExtendedColorType::La16 => 6,
        ExtendedColorType::Rgb16 => 7,
        ExtendedColorType::Rgba16 => 8,
        ExtendedColorType::Rgb32F => 9,
        ExtendedColorType::Rgba32F => 10,
        _ => 0,
    }
}

/// The colour spaces that have a number.
const SPACES: [Cicp; 3] = [Cicp::SRGB, Cicp::SRGB_LINEAR, Cicp::DISPLAY_P3];

fn space_id(space: Cicp) -> Option<u8> {
    SPACES.iter().position(|known| *known == space).and_then(|at| u8::try_from(at).ok())
}

fn refused(why: &str) -> Fault {
    Fault::new(FaultKind::Decode, format!("not an image of the type: {why}"))
}

/// How many channels the pixels have, where the buffer may hold more than them.
fn channels<P: PixelWithColorType>(width: u32, height: u32) -> Option<usize> {
    let pixels = u64::from(width).checked_mul(height.into())?;
    usize::try_from(pixels.checked_mul(P::CHANNEL_COUNT.into())?).ok()
}

type Buffer<P> = ImageBuffer<P, Vec<<P as image::Pixel>::Subpixel>>;

fn pixel_bytes<P: PixelWithColorType>(image: &Buffer<P>) -> u64 {
    let channels = channels::<P>(image.width(), image.height()).unwrap_or_default();
    channels as u64 * size_of::<P::Subpixel>() as u64
}

fn write<P>(image: &Buffer<P>, codec: Codec, out: &mut dyn io::Write) -> Result<(), Fault>
where
    P: PixelWithColorType,
    P::Subpixel: Channel,
{
    expect_codec(FaultKind::Encode, codec, Codec::Pixels)?;
    let odd = |why| Fault::new(FaultKind::Encode, "the image cannot be written").because(why);
    let colour = colour_id(P::COLOR_TYPE);
    let space =
        space_id(image.color_space()).filter(|_| colour != 0).ok_or_else(|| odd("no such colours"))?;
    let count = channels::<P>(image.width(), image.height()).ok_or_else(|| odd("too large"))?;
    let pixels = image.as_raw().get(..count).ok_or_else(|| odd("too few pixels"))?;
    let mut bytes = Vec::with_capacity(HEADER + BUFFER.min(size_of_val(pixels)));
    bytes.extend(MAGIC);
    bytes.extend([colour, space, 0]);
    bytes.extend(image.width().to_le_bytes());
    bytes.extend(image.height().to_le_bytes());
    let failed = |error| Fault::io("writing an image", error);
    for pixels in pixels.chunks(BUFFER / size_of::<P::Subpixel>()) {
        P::Subpixel::append(pixels, &mut bytes);
        out.write_all(&bytes).map_err(failed)?;
        bytes.clear();
    }
    out.write_all(&bytes).map_err(failed)
}

fn read<P>(codec: Codec, payload: &[u8]) -> Result<Buffer<P>, Fault>
where
    P: PixelWithColorType,
    P::Subpixel: Channel,
{
    expect_codec(FaultKind::Decode, codec, Codec::Pixels)?;
    let (header, pixels) = payload.split_first_chunk::<HEADER>().ok_or_else(|| refused("it is too short"))?;
    let &[m0, m1, m2, m3, m4, colour, space, zero, w0, w1, w2, w3, h0, h1, h2, h3] = header;
    if [m0, m1, m2, m3, m4] != MAGIC || zero != 0 || colour == 0 || colour != colour_id(P::COLOR_TYPE) {
        return Err(refused("another header"));
    }
    let (width, height) = (u32::from_le_bytes([w0, w1, w2, w3]), u32::from_le_bytes([h0, h1, h2, h3]));
    let length = channels::<P>(width, height).and_then(|count| count.checked_mul(size_of::<P::Subpixel>()));
    if length != Some(pixels.len()) {
        return Err(refused("another length"));
    }
    let space = SPACES.get(usize::from(space)).ok_or_else(|| refused("an unknown colour space"))?;
    let mut image = Buffer::<P>::from_raw(width, height, P::Subpixel::collect(pixels))
        .ok_or_else(|| refused("too few pixels"))?;
    image.set_color_space(*space).map_err(|error| refused("its colour space").because(error))?;
    Ok(image)
}

/// Images of other colour spaces than those with a number stay in memory.
fn chosen(space: Cicp) -> Codec {
    if space_id(space).is_some() { Codec::Pixels } else { Codec::None }
}

impl<P> Leaf<Buffer<P>> for Image
where
    P: PixelWithColorType + 'static,
    P::Subpixel: Channel,
{
    const KIND: Kind = Kind::Image;
    const CODEC: Codec = Codec::Pixels;

    fn measure(value: &Buffer<P>) -> Measure {
        Measure { size: pixel_bytes(value), codec: chosen(value.color_space()) }
    }

    fn encode(value: &Buffer<P>, codec: Codec, out: &mut dyn io::Write) -> Result<(), Fault> {
        write(value, codec, out)
    }

    fn decode(codec: Codec, payload: Payload) -> Result<Buffer<P>, Fault> {
        read(codec, &payload)
    }

    fn shape() -> TypeShape {
        shape_of(&["pixels", &colour_id(P::COLOR_TYPE).to_string()])
    }

    fn copies_whole() -> bool {
        true
    }
}

impl<P> Native for Buffer<P>
where
    P: PixelWithColorType + 'static,
    P::Subpixel: Channel,
{
    type Leaf = Image;
}

macro_rules! dynamic {
    ($($variant:ident)+) => {
        impl Leaf<DynamicImage> for Image {
            const KIND: Kind = Kind::Image;
            const CODEC: Codec = Codec::Pixels;

            fn measure(value: &DynamicImage) -> Measure {
                match value {
                    $(DynamicImage::$variant(image) => Self::measure(image),)+
                    // A variant of a later version of the crate: kept in memory.
                    _ => Measure { size: value.as_bytes().len() as u64, codec: Codec::None },
                }
            }

            fn encode(value: &DynamicImage, codec: Codec, out: &mut dyn io::Write) -> Result<(), Fault> {
                match value {
                    $(DynamicImage::$variant(image) => write(image, codec, out),)+
                    _ => Err(Fault::new(FaultKind::Encode, "an image of an unknown colour type")),
                }
            }

            fn decode(codec: Codec, payload: Payload) -> Result<DynamicImage, Fault> {
                // Each type's reader refuses the others' headers at a glance.
                Err(refused("an unknown colour type"))
                    $(.or_else(|_| read(codec, &payload).map(DynamicImage::$variant)))+
            }

            fn shape() -> TypeShape {
                shape_of(&["pixels", "any"])
            }

            fn copies_whole() -> bool {
                true
            }
        }
    };
}

dynamic! {
    ImageLuma8 ImageLumaA8 ImageRgb8 ImageRgba8 ImageLuma16 ImageLumaA16 ImageRgb16 ImageRgba16 ImageRgb32F
    ImageRgba32F
}

impl Native for DynamicImage {
    type Leaf = Image;
}
