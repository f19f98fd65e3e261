// Thousands of lines on one opaque picture, pixel by pixel: a canvas's own strokes take seconds for
// them where there is no graphics card.

export class Raster {
  constructor(width, height, [red, green, blue]) {
    Object.assign(this, { width, height });
    this.pixels = new Uint8ClampedArray(width * height * 4);
    new Uint32Array(this.pixels.buffer).fill((255 << 24) | (blue << 16) | (green << 8) | red);
  }

  // From left to right; in each column from where the line comes in to where it leaves.
  line(x0, y0, x1, y1, [red, green, blue], opacity) {
    const { pixels, width } = this;
    const rest = 1 - opacity;
    const [r, g, b] = [red * opacity, green * opacity, blue * opacity];
    const slope = (y1 - y0) / (x1 - x0);
    const last = Math.min(Math.round(x1), width);
    const bottom = this.height - 1;
    // Plain arithmetic: this runs millions of times.
    let y = y0 + 0.5;
    for (let x = Math.round(x0); x < last; x += 1) {
      const next = y + slope;
      let row = Math.min(slope < 0 ? next : y, bottom) | 0;
      const end = Math.min(slope < 0 ? y : next, bottom + 1) | 0;
      let at = (row * width + x) * 4;
      do {
        pixels[at] = pixels[at] * rest + r;
        pixels[at + 1] = pixels[at + 1] * rest + g;
        pixels[at + 2] = pixels[at + 2] * rest + b;
        at += width * 4;
        row += 1;
      } while (row < end);
      y = next;
    }
  }

  url() {
    const canvas = Object.assign(document.createElement("canvas"), { width: this.width, height: this.height });
    canvas.getContext("2d").putImageData(new ImageData(this.pixels, this.width, this.height), 0, 0);
    return canvas.toDataURL();
  }
}
