"""The other side of the test: reads what omnicache has stored, and writes what it is to read.

    peer.py read FILE...     each FILE is NAME=PATH: opens it and compares it with what it should be
    peer.py write FOLDER     writes a file of each into FOLDER
"""

import datetime
import decimal
import pathlib
import sys

import numpy
import pandas
import polars
import pyarrow

CODES = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c8", "c16", "b1"]


def numbers(code):
    at = numpy.arange(6).reshape(2, 3)
    if code[0] in "iu":
        return at.astype(code)
    if code[0] == "b":
        return at % 2 == 1
    return (at * 0.5 + (1j * at if code[0] == "c" else 0)).astype(code)


def arrays():
    for code in CODES:
        yield f"{code}_c", numpy.ascontiguousarray(numbers(code))
        yield f"{code}_f", numpy.asfortranarray(numbers(code))
    yield "scalar", numpy.array(7, "u2")
    yield "line", numpy.arange(5, dtype="f8")
    yield "cube", numpy.arange(24, dtype="i4").reshape(2, 3, 4)
    yield "empty", numpy.zeros((2, 0, 3), "f4")
    yield "strided", numpy.arange(24, dtype="i4").reshape(4, 6)[:, ::2]


def frame():
    day = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.timezone.utc)
    columns = {
        "number": pyarrow.array([1.5, None, -0.5]),
        "count": pyarrow.array([1, 2, None], pyarrow.int32()),
        "flag": pyarrow.array([True, None, False]),
        "text": pyarrow.array(["one", "", None]),
        "bytes": pyarrow.array([b"\x00\xff", None, b""]),
        "list": pyarrow.array([[1, None], None, []], pyarrow.list_(pyarrow.int32())),
        "kind": pyarrow.array(["a", "b", "a"]).dictionary_encode(),
        "pair": pyarrow.array([{"x": 1}, {"x": None}, None], pyarrow.struct([("x", pyarrow.int32())])),
        "when": pyarrow.array([day, None, day], pyarrow.timestamp("us", "UTC")),
        "price": pyarrow.array([decimal.Decimal("1.25"), None, decimal.Decimal("-3.50")], pyarrow.decimal128(10, 2)),
    }
    return pyarrow.record_batch(columns)


def read(name, path):
    if path.endswith(".npy"):
        wanted, found = dict(arrays())[name], numpy.load(path, mmap_mode="r")
        assert isinstance(found, numpy.memmap) or wanted.size == 0 or wanted.ndim == 0, f"{name} is not mapped"
        assert found.dtype == wanted.dtype, f"{name}: {found.dtype}"
        assert numpy.array_equal(found, wanted), f"{name}: {found}"
        if name.endswith("_f"):
            assert found.flags.f_contiguous, f"{name} is not in Fortran's order"
    else:
        with pyarrow.memory_map(path) as file:
            table = pyarrow.ipc.open_file(file).read_all()
            before = pyarrow.total_allocated_bytes()
            assert table.num_rows == 3 * table.num_columns // 10, name
            for field, wanted in zip(table.schema, frame().columns):
                assert field.type == wanted.type, f"{field.name}: {field.type}"
                found = table[field.name].to_pylist()
                assert found == wanted.to_pylist(), f"{field.name}: {found}"
            assert pyarrow.total_allocated_bytes() - before < 1 << 16, "reading copied the columns"
        wanted = frame().to_pydict()
        by_pandas, by_polars = pandas.read_feather(path), polars.read_ipc(path)
        same(wanted, {name: [plain(value) for value in by_pandas[name]] for name in by_pandas}, "pandas")
        same(wanted, {each.name: each.to_list() for each in by_polars.iter_columns()}, "polars")
        assert by_pandas["when"].dtype == "datetime64[us, UTC]", by_pandas["when"].dtype
        assert isinstance(by_pandas["kind"].dtype, pandas.CategoricalDtype), by_pandas["kind"].dtype
        assert by_polars.schema["when"] == polars.Datetime("us", "UTC"), by_polars.schema
        assert by_polars.schema["price"] == polars.Decimal(10, 2), by_polars.schema
        assert by_polars.schema["kind"] == polars.Categorical, by_polars.schema


def plain(value):
    """A value of a pandas column as Python has it: what is absent is None, whatever pandas writes for it."""
    if isinstance(value, numpy.ndarray):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return None if pandas.isna(value) else value


def same(wanted, found, reader):
    assert list(found) == list(wanted), f"{reader}: {list(found)}"
    for name in wanted:
        assert found[name] == wanted[name], f"{reader}, {name}: {found[name]}"


def write(folder):
    for name, array in arrays():
        numpy.save(folder / name, array)
    batch = frame()
    for name, batches in {"one": [batch], "two": [batch, batch.slice(1, 2)], "none": []}.items():
        with pyarrow.ipc.new_file(str(folder / f"{name}.arrow"), batch.schema) as file:
            for each in batches:
                file.write_batch(each)


if sys.argv[1] == "read":
    for pair in sys.argv[2:]:
        read(*pair.split("=", 1))
else:
    write(pathlib.Path(sys.argv[2]))
