package rules

import (
	"testing"

	"github.com/tocsin-sec/tocsin/sigma"
)

func TestChoice(t *testing.T) {
	rule := &sigma.Rule{ID: "ID-1", Title: "A Title", Level: sigma.Medium, Status: "test", Tags: []string{"attack.t1110.001", "attack.credential-access"}}
	bare := &sigma.Rule{Title: "Bare"}
	tests := []struct {
		level, status string
		tags, exclude []string
		want, bare    bool
	}{
		{want: true, bare: true},
		{level: "medium", want: true},
		{level: "HIGH"},
		{status: "test", want: true},
		{status: "experimental", want: true},
		{status: "stable"},
		{tags: []string{"t1110"}, want: true},
		{tags: []string{"attack.T1110.001"}, want: true},
		{tags: []string{"t111"}},
		{tags: []string{"t1059", "credential-access"}, want: true},
		{exclude: []string{"id-1"}, bare: true},
		{exclude: []string{"a title", "bare"}},
	}
	for _, tt := range tests {
		c, err := NewChoice(tt.level, tt.status, tt.tags, tt.exclude)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Wants(rule); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt, got, tt.want)
		}
		if got := c.Wants(bare); got != tt.bare {
			t.Errorf("%+v: %v for the bare rule, want %v", tt, got, tt.bare)
		}
	}
	if _, err := NewChoice("loud", "", nil, nil); err == nil {
		t.Error("level loud is taken")
	}
	if _, err := NewChoice("", "good", nil, nil); err == nil {
		t.Error("status good is taken")
	}
}
