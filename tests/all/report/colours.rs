//! Stores are told apart in charts by people with any common form of colour blindness, and in black and white.

use consistency_sim::report::charts::theme::{Rgb, Style, style_among};

/// Matrices over linear red, green and blue for a complete loss of one kind of cone: Machado, Oliveira and Fernandes, "A
/// Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE TVCG 15 (6), 2009, severity 1.0.
const VISIONS: [(&str, [[f64; 3]; 3]); 4] = [
    ("full colour vision", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
    ),
    (
        "deuteranopia",
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
    ),
    (
        "tritanopia",
        [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
    ),
];

const KINDS: [&str; 6] = ["kv", "d1", "durable_object", "cache_aside", "kv_through_object", "rate_limiting"];

fn times(matrix: &[[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

/// Linear light (IEC 61966-2-1).
fn linear(Rgb(red, green, blue): Rgb) -> [f64; 3] {
    [red, green, blue].map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { libm::pow((part + 0.055) / 1.055, 2.4) }
    })
}

/// CIE L*a*b* under D65.
fn lab(linear: [f64; 3]) -> [f64; 3] {
    const XYZ: [[f64; 3]; 3] = [
        [0.412_456_4, 0.357_576_1, 0.180_437_5],
        [0.212_672_9, 0.715_152_2, 0.072_175_0],
        [0.019_333_9, 0.119_192_0, 0.950_304_1],
    ];
    let [x, y, z] = times(&XYZ, linear.map(|part| part.clamp(0.0, 1.0)));
    let f = |t: f64| if t > 216.0 / 24_389.0 { libm::cbrt(t) } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 };
    let (x, y, z) = (f(x / 0.950_47), f(y), f(z / 1.088_83));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn apart(a: [f64; 3], b: [f64; 3]) -> f64 {
    libm::sqrt(a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum())
}

fn seen(vision: &[[f64; 3]; 3], color: Rgb) -> [f64; 3] {
    lab(times(vision, linear(color)))
}

#[test]
fn known_colours_have_their_known_places() {
    // sRGB red in L*a*b* under D65 (Lindbloom's calculator).
    let red = lab(linear(Rgb(255, 0, 0)));
    assert!(apart(red, [53.24, 80.09, 67.20]) < 0.05, "{red:?}");
    assert!(apart(lab(linear(Rgb(255, 255, 255))), [100.0, 0.0, 0.0]) < 0.05);
    // Greys stay grey, whatever the vision.
    for (name, vision) in VISIONS {
        let grey = seen(&vision, Rgb(128, 128, 128));
        assert!(apart(grey, lab(linear(Rgb(128, 128, 128)))) < 0.5, "{name}: {grey:?}");
    }
}

#[test]
fn kinds_of_stores_are_told_apart_in_every_vision() {
    let styles: Vec<Style> = (0..KINDS.len()).map(|place| style_among(&KINDS, place)).collect();
    for (n, one) in styles.iter().enumerate() {
        for (m, other) in styles.iter().enumerate().skip(n + 1) {
            for (name, vision) in VISIONS {
                let distance = apart(seen(&vision, one.color), seen(&vision, other.color));
                // A difference of 2.3 is just noticeable; lines are thin and far apart.
                assert!(distance >= 15.0, "{} and {} with {name}: {distance:.1}", KINDS[n], KINDS[m]);
            }
            // In black and white they differ by their dashes, or by much in their lightness.
            let light = |style: &Style| lab(linear(style.color))[0];
            assert!(
                one.dash != other.dash || (light(one) - light(other)).abs() >= 20.0,
                "{} and {} in black and white",
                KINDS[n],
                KINDS[m]
            );
        }
    }
}

#[test]
fn stores_of_one_kind_differ_in_lightness_and_dash() {
    let kinds = ["kv"; 4];
    let styles: Vec<Style> = (0..4).map(|place| style_among(&kinds, place)).collect();
    for (n, one) in styles.iter().enumerate() {
        for other in &styles[n + 1..] {
            let light = |style: &Style| lab(linear(style.color))[0];
            assert!((light(one) - light(other)).abs() >= 10.0, "{one:?} {other:?}");
            assert_ne!(one.dash, other.dash);
        }
    }
}
