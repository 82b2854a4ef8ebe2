//! Where the bytes of a trace come from, and how far they are trusted.

use std::io::Read;

use super::config::{TraceFile, TraceSource};

/// No line of a trace is longer than this, or by no more than what is read at once.
pub const LINE_BYTES_MAX: usize = 1 << 20;
/// A trace up to this size is read to its end before it is replayed.
pub const SMALL_BYTES_MAX: u64 = 4 << 20;
/// So much is read at once.
pub const READ_BYTES: usize = 1 << 16;

/// Fails on lines that never end, so that a file of garbage is not swallowed whole.
struct BoundedLines<R> {
    inner: R,
    since_newline: usize,
}

impl<R: Read> Read for BoundedLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        // Only the last line of what was read can go on; a longer one that ends here is in memory anyway.
        self.since_newline = match buffer[..count].iter().rposition(|byte| *byte == b'\n') {
            Some(newline) => count - newline - 1,
            None => self.since_newline + count,
        };
        if self.since_newline > LINE_BYTES_MAX {
            return Err(std::io::Error::other(format!("a line is longer than {LINE_BYTES_MAX} bytes")));
        }
        Ok(count)
    }
}

fn bounded(inner: impl Read + Send + 'static) -> Box<dyn Read + Send> {
    Box::new(BoundedLines { inner, since_newline: 0 })
}

/// Opens a trace's bytes.
///
/// # Errors
/// When there is no such file, or it may not be read.
pub fn open(source: &TraceSource) -> std::io::Result<Box<dyn Read + Send>> {
    match &source.file {
        TraceFile::Bytes(bytes) => Ok(bounded(std::io::Cursor::new(bytes.clone()))),
        #[cfg(feature = "host")]
        TraceFile::Path { resolved, .. } => {
            if resolved.is_dir() {
                return Err(std::io::Error::other("it is a directory"));
            }
            Ok(bounded(std::fs::File::open(resolved)?))
        }
        #[cfg(not(feature = "host"))]
        TraceFile::Path { .. } => Err(std::io::Error::other("there are no files here")),
    }
}

/// The last line of a large file that has something in it, if it certainly is a row of its own: nothing near it is quoted.
pub fn last_line(source: &TraceSource) -> Option<Vec<u8>> {
    #[cfg(feature = "host")]
    if let TraceFile::Path { resolved, .. } = &source.file {
        use std::io::{Seek, SeekFrom};

        let mut file = std::fs::File::open(resolved).ok()?;
        let bytes = file.metadata().ok()?.len();
        if bytes <= SMALL_BYTES_MAX {
            return None;
        }
        file.seek(SeekFrom::Start(bytes - READ_BYTES as u64)).ok()?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail).ok()?;
        let lines = tail.trim_ascii_end();
        let start = lines.iter().rposition(|byte| matches!(byte, b'\n' | b'\r'))?;
        return (!tail.contains(&b'"')).then(|| lines[start + 1..].to_vec());
    }
    let _ = source;
    None
}
