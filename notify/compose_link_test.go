package notify

import "testing"

func TestLinkTo(t *testing.T) {
	for link, want := range map[string]string{
		"":                            "",
		"https://tocsin.example.com":  "https://tocsin.example.com/queue/4f%2F2a",
		"https://tocsin.example.com/": "https://tocsin.example.com/queue/4f%2F2a",
		"https://tocsin.example.com/queue/{key}?tenant={tenant}": "https://tocsin.example.com/queue/4f%2F2a?tenant=a%26b",
		"https://desk.example.com/?id={key}":                     "https://desk.example.com/?id=4f%2F2a",
	} {
		if got := (&composer{link: link}).linkTo("4f/2a", "a&b"); got != want {
			t.Errorf("%q leads to %q, not %q", link, got, want)
		}
	}
}
