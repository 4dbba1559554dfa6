//! Pictures made by hand, with all that cameras and programs write into them beside the picture.

use std::io::Write as _;

/// What must not be left of a picture: each stands in a place of its own.
pub(crate) const SECRETS: [&str; 8] = [
    "GPS-35.68N-139.76E",
    "Camera-of-Yamada",
    "Comment-by-Yamada",
    "Made-on-Monday",
    "Profile-of-Yamada",
    "Xmp-of-Yamada",
    "Iptc-of-Yamada",
    "Thumbnail-of-Yamada",
];

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(data);
    let mut chunk = u32::try_from(data.len()).unwrap().to_be_bytes().to_vec();
    chunk.extend_from_slice(kind);
    chunk.extend_from_slice(data);
    chunk.extend_from_slice(&crc.sum().to_be_bytes());
    chunk
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// A PNG of two by two coloured pixels, with texts, times, a profile and a camera's notes before, between and after its data.
pub(crate) fn talkative_png() -> Vec<u8> {
    let pixels = deflated(&[0, 255, 0, 0, 0, 255, 0, 0, 0, 0, 255, 9, 9, 9]);
    let (first, second) = pixels.split_at(pixels.len() / 2);
    let [gps, camera, comment, monday, profile, xmp, ..] = SECRETS.map(str::as_bytes);
    joined(&[
        PNG_SIGNATURE,
        &chunk(b"IHDR", &[0, 0, 0, 2, 0, 0, 0, 2, 8, 2, 0, 0, 0]),
        &chunk(b"iCCP", &joined(&[profile, b"\0\0", &deflated(b"profile")])),
        &chunk(b"pHYs", &[0, 0, 11, 19, 0, 0, 11, 19, 1]),
        &chunk(b"eXIf", &joined(&[b"MM\0*\0\0\0\x08\0\0", gps])),
        &chunk(b"tEXt", &joined(&[b"Author\0", camera])),
        &chunk(b"zTXt", &joined(&[comment, b"\0\0", &deflated(b"text")])),
        &chunk(b"iTXt", &joined(&[b"XML:com.adobe.xmp\0\0\0\0\0", xmp])),
        &chunk(b"tIME", &[7, 227, 7, 3, 10, 5, 0]),
        &chunk(b"prVt", monday),
        &chunk(b"IDAT", first),
        &chunk(b"IDAT", second),
        &chunk(b"tEXt", &joined(&[b"Comment\0", comment])),
        &chunk(b"IEND", b""),
        b"Thumbnail-of-Yamada",
    ])
}

/// The pixels of a PNG.
pub(crate) fn decoded_png(bytes: &[u8]) -> Vec<u8> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let _ = reader.next_frame(&mut pixels).unwrap();
    pixels
}

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
    joined(&[&[0xff, marker], &length, data])
}

/// What a JPEG of eight by eight grey points needs: a table, the frame, two codes, and one scan of two bits.
fn grey() -> [Vec<u8>; 4] {
    let one_code = |class: u8| {
        let mut table = [0; 18];
        (table[0], table[1]) = (class, 1);
        segment(0xc4, &table)
    };
    let tables =
        joined(&[&segment(0xdb, &[&[0][..], &[1; 64]].concat()), &segment(0xc0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0])]);
    [tables, one_code(0x00), one_code(0x10), joined(&[&segment(0xda, &[1, 1, 0, 0, 63, 0]), &[0x3f]])]
}

/// The picture, and nothing beside it.
pub(crate) fn silent_jpeg() -> Vec<u8> {
    let jfif = segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    joined(&[b"\xff\xd8", &jfif, &grey().concat(), b"\xff\xd9"])
}

/// The same picture, with a camera's notes, a profile, texts and comments in its segments.
pub(crate) fn talkative_jpeg() -> Vec<u8> {
    let [gps, camera, comment, _, profile, xmp, iptc, _] = SECRETS.map(str::as_bytes);
    let [tables, direct, alternating, scan] = grey();
    joined(&[
        b"\xff\xd8",
        &segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        &segment(0xe1, &joined(&[b"Exif\0\0MM\0*\0\0\0\x08\0\0", gps, camera])),
        &segment(0xe1, &joined(&[b"http://ns.adobe.com/xap/1.0/\0", xmp])),
        &segment(0xe2, &joined(&[b"ICC_PROFILE\0\x01\x01", profile])),
        &segment(0xed, &joined(&[b"Photoshop 3.0\0", iptc])),
        &segment(0xef, camera),
        &tables,
        &segment(0xfe, comment),
        &direct,
        &alternating,
        &scan,
        b"\xff\xd9",
    ])
}

/// The same picture, after whose end there is another with a camera's notes, as telephones write it.
pub(crate) fn jpeg_with_another_behind() -> Vec<u8> {
    let [gps, .., thumbnail] = SECRETS.map(str::as_bytes);
    let behind = joined(&[b"\xff\xd8", &segment(0xe1, &joined(&[b"Exif\0\0MM\0*", gps])), thumbnail, b"\xff\xd9"]);
    joined(&[&silent_jpeg(), &behind])
}

/// The same picture, with a comment between its scan and its end, where there may be one.
pub(crate) fn jpeg_with_a_comment_after_the_scan() -> Vec<u8> {
    let silent = silent_jpeg();
    let (before, end) = silent.split_at(silent.len() - 2);
    joined(&[before, &segment(0xfe, SECRETS[2].as_bytes()), &segment(0xe1, SECRETS[0].as_bytes()), end])
}
