//! A scene as a PNG: drawn three times larger and averaged down, so that edges are smooth.

use std::sync::Once;

use plotters::prelude::{BitMapBackend, FontStyle};
use plotters::style::register_font;

use super::font::{self, Weight};
use super::render::{Target, render};
use super::scene::Scene;

/// Pixels for each unit of the scene: sharp on screens with fine pixels.
pub const PIXELS: u32 = 2;
/// How many times larger it is drawn, each way.
const FINER: u32 = 3;

struct Bitmap;

impl Target for Bitmap {
    const GRID: f64 = (PIXELS * FINER) as f64;
    const PIECES: bool = true;
    const FAMILY: &'static str = "consistency-sim Inter";

    fn font_size(size: f64, weight: Weight) -> f64 {
        // Here plotters counts the height of the whole line as the font's size.
        size * font::height(weight)
    }

    fn top_of_baseline(baseline: f64, size: f64, weight: Weight) -> f64 {
        // And it puts the baseline half of that below the top.
        baseline - Bitmap::font_size(size, weight) / 2.0
    }
}

pub(super) fn png(scene: &Scene) -> Vec<u8> {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        for (style, bytes) in [(FontStyle::Normal, font::REGULAR), (FontStyle::Bold, font::SEMIBOLD)] {
            // The tests read these very bytes, so they are a font.
            let _ = register_font(Bitmap::FAMILY, style, bytes);
        }
    });
    let (width, height) = (scene.width as u32 * PIXELS, scene.height as u32 * PIXELS);
    let (fine_width, fine_height) = (width * FINER, height * FINER);
    let mut fine = vec![255_u8; fine_width as usize * fine_height as usize * 3];
    {
        let mut backend = BitMapBackend::with_buffer(&mut fine, (fine_width, fine_height));
        // Into memory nothing can fail.
        let _ = render::<Bitmap, _>(scene, &mut backend);
    }
    encode(&averaged(&fine, width as usize, height as usize), width, height)
}

/// Each pixel is the mean of the finer ones that it covers.
fn averaged(fine: &[u8], width: usize, height: usize) -> Vec<u8> {
    let finer = FINER as usize;
    let row = width * finer * 3;
    let mut pixels = Vec::with_capacity(width * height * 3);
    let mut sums = vec![0_u32; width * 3];
    for y in 0..height {
        sums.fill(0);
        for fine_row in fine[y * finer * row..(y + 1) * finer * row].chunks_exact(row) {
            for (sum, block) in sums.chunks_exact_mut(3).zip(fine_row.chunks_exact(finer * 3)) {
                for pixel in block.chunks_exact(3) {
                    sum[0] += u32::from(pixel[0]);
                    sum[1] += u32::from(pixel[1]);
                    sum[2] += u32::from(pixel[2]);
                }
            }
        }
        let cases = FINER * FINER;
        pixels.extend(sums.iter().map(|sum| ((sum + cases / 2) / cases) as u8));
    }
    pixels
}

fn encode(pixels: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // The size of the buffer is that of the picture, and memory takes all bytes: this cannot fail.
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(pixels));
    debug_assert!(written.is_ok());
    bytes
}
