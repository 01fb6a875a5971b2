package addin

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "draw the icons and write the root manifest anew")

var iconSizes = []int{16, 32, 64, 80, 128}

// The icons are drawn here: two people side by side on a blue tile, by the
// distance of each of 8 x 8 points per pixel from the lines. `-update` writes
// them; without it the committed files are compared with the drawing.
func TestIcons(t *testing.T) {
	for _, size := range iconSizes {
		name := fmt.Sprintf("icons/icon-%d.png", size)
		want := drawIcon(size)
		if *update {
			var b bytes.Buffer
			if err := png.Encode(&b, want); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(name, err)
		}
		if got.Bounds() != want.Bounds() {
			t.Fatalf("%s is %v, want %v", name, got.Bounds(), want.Bounds())
		}
		for y := range size {
			for x := range size {
				if color.NRGBAModel.Convert(got.At(x, y)) != want.At(x, y) {
					t.Fatalf("%s differs from its drawing at %d,%d: go test ./addin -update", name, x, y)
				}
			}
		}
	}
}

func drawIcon(size int) *image.NRGBA {
	const n = 8
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	scale := 32 / float64(size)
	for y := range size {
		for x := range size {
			var tile, line int
			for s := range n * n {
				px := (float64(x) + (float64(s%n)+0.5)/n) * scale
				py := (float64(y) + (float64(s/n)+0.5)/n) * scale
				if inTile(px, py) {
					tile++
					if onLine(px, py, math.Max(1.3, scale*0.6)) {
						line++
					}
				}
			}
			if tile > 0 {
				w := float64(line) / float64(tile)
				mix := func(c float64) uint8 { return uint8(math.Round(c + (255-c)*w)) }
				img.SetNRGBA(x, y, color.NRGBA{R: mix(0x0f), G: mix(0x6c), B: mix(0xbd), A: uint8(math.Round(255 * float64(tile) / (n * n)))})
			}
		}
	}
	return img
}

// inTile is a square of 32 with corners of radius 8.
func inTile(x, y float64) bool {
	dx, dy := math.Max(0, math.Abs(x-16)-8), math.Max(0, math.Abs(y-16)-8)
	return math.Hypot(dx, dy) <= 8
}

// onLine: two heads, and shoulders that meet between them.
func onLine(x, y, half float64) bool {
	for _, cx := range []float64{11.2, 20.8} {
		if math.Abs(math.Hypot(x-cx, y-11)-3.6) <= half {
			return true
		}
		inner := (cx < 16) == (x > cx)
		r := math.Hypot((x-cx)/pickf(inner, 4.8, 6.2), (y-24)/6.4)
		if y <= 24 && math.Abs(r-1)*5.6 <= half {
			return true
		}
	}
	return false
}

func pickf(c bool, a, b float64) float64 {
	if c {
		return a
	}
	return b
}
