package settings

import (
	"net/netip"
	"strings"

	"github.com/tocsin-sec/tocsin/alert"
)

// Asset says what something is worth to those who own it.
type Asset struct {
	Name  string  `yaml:"name" doc:"A host, a user, an address or a network; * stands for anything." example:"db*.example.com"`
	Worth float64 `yaml:"worth" doc:"What it is worth beside all else, which is 1; from 0.1 to 10." default:"2"`
}

// WorthOf returns what an entity is worth: the most that any asset says; 1 where none does, less where all that do say so.
func WorthOf(assets []Asset) func(alert.Entity) float64 {
	if len(assets) == 0 {
		return nil
	}
	return func(e alert.Entity) float64 {
		worth := 0.0
		for _, a := range assets {
			if a.means(e) {
				w := a.Worth
				if w == 0 {
					w = 2
				}
				worth = max(worth, min(max(w, 0.1), 10))
			}
		}
		if worth == 0 {
			return 1
		}
		return worth
	}
}

func (a *Asset) means(e alert.Entity) bool {
	if p, err := netip.ParsePrefix(a.Name); err == nil {
		ip, err := netip.ParseAddr(e.Name)
		return err == nil && p.Contains(ip.Unmap())
	}
	return glob(strings.ToLower(a.Name), strings.ToLower(e.Name))
}

// glob tells whether a text is of a pattern in which * stands for anything.
func glob(pattern, text string) bool {
	head, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == text
	}
	if !strings.HasPrefix(text, head) {
		return false
	}
	text = text[len(head):]
	for {
		part, more, again := strings.Cut(rest, "*")
		if !again {
			return strings.HasSuffix(text, part)
		}
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text, rest = text[at+len(part):], more
	}
}
