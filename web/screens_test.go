package web_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// misplaced is an expression: what is wider than the screen, what is cut off without saying so, and controls that lie on one
// another.
const misplaced = `(() => {
  const out = [], width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) out.push('the page is wider than the screen: ' + document.documentElement.scrollWidth);
  const name = e => e.tagName.toLowerCase() + '.' + [...e.classList].join('.') + ' "' + (e.innerText || '').slice(0, 40) + '"';
  const seen = e => { const r = e.getBoundingClientRect(), s = getComputedStyle(e); return r.width > 1 && r.height > 1 && s.visibility !== 'hidden' && e.checkVisibility({opacityProperty: true}); };
  const scrolls = e => { for (let p = e; p; p = p.parentElement) if (/auto|scroll/.test(getComputedStyle(p).overflowX)) return true; return false; };
  for (const e of document.querySelectorAll('h1,h2,h3,p,button,a,label,dd,dt,li,kbd,time,td,th')) {
    if (!seen(e) || e.closest('.hidden, .skip, dialog:not([open])')) continue;
    const s = getComputedStyle(e), r = e.getBoundingClientRect();
    if (r.right > width + 1 && !scrolls(e.parentElement)) out.push('out of the screen: ' + name(e));
    if (e.scrollWidth > e.clientWidth + 1 && s.overflowX === 'hidden' && s.textOverflow !== 'ellipsis' && s.webkitLineClamp === 'none') out.push('cut off: ' + name(e));
  }
  const top = document.querySelector('dialog[open]') ?? document;
  for (const e of top.querySelectorAll('button, a.button, input, select')) {
    const r = e.getBoundingClientRect(), x = r.left + r.width / 2, y = r.top + r.height / 2;
    if (!seen(e) || e.closest('[inert], .skip') || x < 0 || y < 0 || x > width || y > innerHeight) continue;
    const hit = document.elementFromPoint(x, y);
    if (hit && hit !== e && !e.contains(hit) && !hit.contains(e) && !hit.closest('label')?.contains(e) && !hit.closest('.chosen, .closing, .toasts, .news, .acts')) out.push('covered: ' + name(e) + ' by ' + name(hit));
  }
  return [...new Set(out)].join('\n');
})()`

// TestScreens looks at the queue, its panel and the door at four widths in both themes, and keeps the pictures that
// TOCSIN_SCREENS asks for.
func TestScreens(t *testing.T) {
	axe, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		parts.Missing(t, "axe-core is not there; make pages installs it")
	}
	s := serve(t, true)
	s.first()
	_, attack := s.awaitNight()
	b := open(t, s)
	look := func(what, theme string, width int64) {
		t.Helper()
		if bad := eval[string](b, misplaced); bad != "" {
			b.picture(what + "-bad")
			t.Errorf("%s, %s, %d wide:\n%s", what, theme, width, bad)
		}
		if width == 768 || width == 2560 {
			return // what axe finds does not depend on these
		}
		eval[any](b, string(axe)+"; null")
		if bad := eval[string](b, violations); bad != "" {
			t.Errorf("%s, %s, %d wide, axe: %s", what, theme, width, bad)
		}
	}
	b.theme("light")
	b.allow("/api/v1/me")
	b.visit("/login")
	b.see("h1", "Log in")
	look("login", "light", 1440)
	b.enter()
	for _, theme := range []string{"dark", "light"} {
		b.theme(theme)
		for _, width := range []int64{360, 768, 1440, 2560} {
			b.size(width, map[int64]int64{360: 760, 768: 1024, 1440: 900, 2560: 1300}[width])
			b.visit("/queue")
			b.await("document.querySelectorAll('.qrow').length >= 6 && document.querySelector('.histogram rect')")
			look("queue", theme, width)
			b.keep("queue", theme, width)
			b.visit("/queue/" + attack)
			b.see(".panel h3", "What happened")
			look("panel", theme, width)
			b.keep("alert", theme, width)
			b.keys("b")
			b.await("document.querySelector('.contain') && !document.querySelector('.contain .spin')")
			look("contain", theme, width)
			b.keep("contain", theme, width)
			b.keys("e")
			b.see(".closing", "Malicious")
			look("close", theme, width)
			b.keys("Escape", "Escape", "?")
			b.see("dialog h2", "Keys")
			look("help", theme, width)
			b.keys("Escape")
		}
	}
}

// kept are the pictures of docs/screens.
var kept = map[string]bool{
	"queue-dark-1440": true, "contain-light-1440": true, "alert-dark-360": true, "contain-light-360": true, "queue-light-360": true,
}

func (b *tab) keep(what, theme string, width int64) {
	b.t.Helper()
	name := what + "-" + theme
	if width == 360 {
		name += "-phone"
	}
	if kept[what+"-"+theme+"-"+map[int64]string{360: "360", 1440: "1440"}[width]] {
		b.picture(name)
	}
}

// picture keeps a picture in the folder that TOCSIN_SCREENS names, with no more than 256 colours.
func (b *tab) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("TOCSIN_SCREENS")
	if dir == "" {
		return
	}
	shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	b.must(err)
	whole, err := png.Decode(bytes.NewReader(shot))
	b.must(err)
	small := image.NewPaletted(whole.Bounds(), palette(whole))
	draw.Draw(small, small.Bounds(), whole, whole.Bounds().Min, draw.Src)
	f, err := os.Create(filepath.Join(dir, name+".png"))
	b.must(err)
	b.must((&png.Encoder{CompressionLevel: png.BestCompression}).Encode(f, small))
	b.must(f.Close())
}

// palette are the colours of a picture that are there most often, to 5 bits of each.
func palette(of image.Image) color.Palette {
	counts := make(map[color.RGBA]int)
	for y := of.Bounds().Min.Y; y < of.Bounds().Max.Y; y++ {
		for x := of.Bounds().Min.X; x < of.Bounds().Max.X; x++ {
			r, g, b, _ := of.At(x, y).RGBA()
			counts[color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}]++
		}
	}
	best := make(map[color.RGBA]color.RGBA) // of those that differ by little, the commonest
	for c, n := range counts {
		k := color.RGBA{c.R >> 3, c.G >> 3, c.B >> 3, 255}
		if n > counts[best[k]] {
			best[k] = c
		}
	}
	var list []color.RGBA
	for _, c := range best {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b color.RGBA) int { return counts[b] - counts[a] })
	p := make(color.Palette, 0, 256)
	for _, c := range list[:min(len(list), 256)] {
		p = append(p, c)
	}
	return p
}
