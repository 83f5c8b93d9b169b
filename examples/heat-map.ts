/** Heat maps as PNG files, without a dependency: colours by interpolation, image data by node:zlib. */
import { writeFile } from "node:fs/promises";
import { deflateSync } from "node:zlib";

/** Viridis (van der Walt and Smith, CC0) at ten even steps: equal steps of value look like equal steps of colour. */
const VIRIDIS = [
  0x440154, 0x482878, 0x3e4989, 0x31688e, 0x26828e, 0x1f9e89, 0x35b779, 0x6ece58, 0xb5de2b,
  0xfde725,
] as const;

export interface HeatMap {
  /** Row-major values, the first row on top. NaN is drawn grey, infinities are left white. */
  readonly values: ArrayLike<number>;
  readonly height: number;
  readonly width: number;
  /** Values drawn with the first and the last colour; what lies outside is drawn as the nearest. */
  readonly low: number;
  readonly high: number;
  /** Pixels for each value, in both directions. */
  readonly zoom?: number;
}

/** Writes a heat map with a colour bar below it (low on the left). */
export async function saveHeatMap(path: string, map: HeatMap): Promise<void> {
  const zoom = map.zoom ?? 1;
  const width = map.width * zoom;
  const plot = map.height * zoom;
  const gap = 6;
  const height = plot + gap + 14;
  const pixels = new Uint8Array(width * height * 3).fill(255);
  const draw = (x: number, y: number, color: number): void => {
    const at = (y * width + x) * 3;
    pixels[at] = color >> 16;
    pixels[at + 1] = (color >> 8) & 0xff;
    pixels[at + 2] = color & 0xff;
  };
  for (let y = 0; y < plot; y += 1) {
    const row = Math.floor(y / zoom) * map.width;
    for (let x = 0; x < width; x += 1) {
      const value = map.values[row + Math.floor(x / zoom)] ?? Number.NaN;
      draw(x, y, viridis((value - map.low) / (map.high - map.low)));
    }
  }
  for (let y = plot + gap; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) draw(x, y, viridis(x / (width - 1)));
  }
  await writeFile(path, encodePng(pixels, width, height));
}

/** Colour of a share in [0, 1] as 0xrrggbb. */
function viridis(share: number): number {
  if (Number.isNaN(share)) return 0xb0b0b0;
  if (!Number.isFinite(share)) return 0xffffff;
  const position = Math.min(1, Math.max(0, share)) * (VIRIDIS.length - 1);
  const step = Math.min(VIRIDIS.length - 2, Math.floor(position));
  const from = VIRIDIS[step] ?? 0;
  const to = VIRIDIS[step + 1] ?? 0;
  const mix = (shift: number): number => {
    const a = (from >> shift) & 0xff;
    const b = (to >> shift) & 0xff;
    return Math.round(a + (b - a) * (position - step)) << shift;
  };
  return mix(16) | mix(8) | mix(0);
}

/** An 8-bit RGB image as PNG (W3C, Portable Network Graphics, third edition). */
export function encodePng(pixels: Uint8Array, width: number, height: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8); // bits per channel
  header.setUint8(9, 2); // red, green, blue
  // Every row starts with its filter; 1 stores differences to the pixel on the left, which smooth maps like.
  const stride = width * 3;
  const rows = new Uint8Array((stride + 1) * height);
  for (let y = 0; y < height; y += 1) {
    const out = y * (stride + 1);
    rows[out] = 1;
    for (let i = 0; i < stride; i += 1) {
      const left = i < 3 ? 0 : (pixels[y * stride + i - 3] ?? 0);
      rows[out + 1 + i] = (pixels[y * stride + i] ?? 0) - left;
    }
  }
  return Buffer.concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    pngChunk("IHDR", new Uint8Array(header.buffer)),
    pngChunk("IDAT", deflateSync(rows, { level: 9 })),
    pngChunk("IEND", new Uint8Array()),
  ]);
}

function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
