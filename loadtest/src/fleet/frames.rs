//! WebSocket frames as bytes: heads are read, payloads are left where they are.
//!
//! Called by the fleet's connections and by `kernel-limit`. Speaks no fragments: none of the measured servers sends any.

pub const TEXT: u8 = 0x1;
pub const BINARY: u8 = 0x2;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
pub const PONG: u8 = 0xa;

/// The head of a frame: what it is, and where its payload lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub opcode: u8,
    pub whole: bool,
    pub starts: usize,
    pub length: usize,
}

impl Head {
    /// The head at the start of some bytes; `None` while there are too few.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (&first, &second) = (bytes.first()?, bytes.get(1)?);
        let (mut starts, length) = match second & 0x7f {
            126 => (4, u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
            127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)),
            short => (2, u64::from(short)),
        };
        if second & 0x80 != 0 {
            starts += 4;
        }
        Some(Self { opcode: first & 0x0f, whole: first & 0x80 != 0, starts, length: length as usize })
    }

    /// Where the frame ends.
    pub fn ends(&self) -> usize {
        self.starts.saturating_add(self.length)
    }
}

/// A frame as a client sends it. The mask is no secret here, but a server has to take it off as it would for a browser.
pub fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = head(opcode, payload.len(), 0x80);
    frame.extend_from_slice(&MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// A frame as a server sends it.
pub fn plain(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(opcode, payload.len(), 0);
    frame.extend_from_slice(payload);
    frame
}

fn head(opcode: u8, length: usize, mask_bit: u8) -> Vec<u8> {
    let mut frame = Vec::with_capacity(length + 14);
    frame.push(0x80 | opcode);
    match length {
        0..=125 => frame.push(mask_bit | length as u8),
        126..=0xffff => {
            frame.push(mask_bit | 126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            frame.push(mask_bit | 127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_back_at_every_length_and_never_from_too_few_bytes() {
        for length in [0, 1, 125, 126, 127, 0xffff, 0x1_0000, 100_000] {
            let payload = vec![7; length];
            for (frame, mask) in [(plain(TEXT, &payload), 0), (masked(BINARY, &payload), 4)] {
                let read = Head::read(&frame).expect("a whole frame");
                assert_eq!((read.whole, read.length, read.ends()), (true, length, frame.len()));
                let least = read.starts - mask;
                assert!((0..least).all(|few| Head::read(&frame[..few]).is_none()), "{length}");
            }
        }
    }

    #[test]
    fn the_mask_comes_off_again() {
        let frame = masked(TEXT, b"hello there");
        let mask = &frame[2..6];
        let payload: Vec<u8> = frame[6..].iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        assert_eq!(payload, b"hello there");
    }
}
