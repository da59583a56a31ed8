package web_test

import (
	"testing"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// TestMidWork breaks what a person relies on while that person is at work: one server, one browser, a tab for each.
func TestMidWork(t *testing.T) {
	s := serveAt(t, true, parts.Port(t), "")
	s.first()
	s.awaitNight()
	p := phone(t, s)
	for _, part := range []string{"ERR_", "401"} {
		p.allow(part)
	}
	t.Run("by touch", func(t *testing.T) { theLoopByTouch(t, p.in(t)) }) // while nobody has called anything of the attack expected
	b := open(t, s)
	b.enter()
	for _, c := range []struct {
		name string
		run  func(t *testing.T, root *tab)
	}{
		{"eight tabs", aStreamForAll},
		{"no locks", aStreamOfItsOwn},
		{"session", aSessionEnds},
		{"session in a search", aSessionEndsInASearch},
		{"restart", aServerRestarts},
		{"lost answer", anAnswerIsLost},
		{"exception", anExceptionIsMade},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, b) })
	}
	p.enter() // its session was ended with the others
	t.Run("offline phone", func(t *testing.T) { aPhoneOffline(t, p.in(t)) })
}
