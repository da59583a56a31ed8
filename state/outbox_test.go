package state

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestOutbox(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		t.Run("put and get", func(t *testing.T) { testOutbox(t, p) })
		t.Run("prune", func(t *testing.T) { testOutboxPrune(t, p) })
		t.Run("all or nothing", func(t *testing.T) { testOutboxWhole(t, p) })
	})
}

func outboxKeys(t *testing.T, s *State, f OutboxFilter) string {
	t.Helper()
	var list []string
	for _, i := range must[[]OutboxItem](t)(s.Outbox(t.Context(), f)) {
		list = append(list, i.Kind+"/"+i.Key+"="+i.State)
	}
	return strings.Join(list, " ")
}

func testOutbox(t *testing.T, p place) {
	at, opt := p.at(t)
	s, ctx := openAt(t, at, opt), t.Context()
	first := []OutboxItem{
		{Kind: "letter", Key: "a", Way: "mail", State: "waiting", Level: 3, At: 30, JSON: `{"x":"ü'\"$1"}`},
		{Kind: "letter", Key: "b", Way: "pager", State: "waiting", At: 10, JSON: "{}"},
		{Kind: "told", Key: "a", At: 20, JSON: "1"},
		{Kind: "letter", Key: "a", Way: "mail", State: "waiting", Level: 4, At: 31, JSON: "the last of two counts\x00\xff"},
	}
	if err := s.PutOutbox(ctx, first, nil); err != nil {
		t.Fatal(err)
	}
	if got := outboxKeys(t, s, OutboxFilter{}); got != "letter/b=waiting told/a= letter/a=waiting" {
		t.Errorf("all: %s", got)
	}
	list := must[[]OutboxItem](t)(s.Outbox(ctx, OutboxFilter{Kind: "letter", Since: 11}))
	want := OutboxItem{Kind: "letter", Key: "a", Way: "mail", State: "waiting", Level: 4, At: 31, JSON: "the last of two counts\uFFFD\uFFFD"}
	if len(list) != 1 || list[0] != want {
		t.Errorf("%+v, want %+v", list, want)
	}
	// A step of a state machine: one is sent, another forgotten, a third made, in one transaction; twice is once.
	for range 2 {
		err := s.PutOutbox(ctx, []OutboxItem{{Kind: "letter", Key: "b", State: "sent", At: 40}, {Kind: "letter", Key: "c", State: "waiting", At: 41}}, []OutboxItem{{Kind: "told", Key: "a"}})
		if err != nil {
			t.Fatal(err)
		}
	}
	_ = s.Close()
	s = openAt(t, at, opt)
	if got := outboxKeys(t, s, OutboxFilter{}); got != "letter/a=waiting letter/b=sent letter/c=waiting" {
		t.Errorf("after a restart: %s", got)
	}
	if got := outboxKeys(t, s, OutboxFilter{State: "waiting", Limit: 1}); got != "letter/c=waiting" {
		t.Errorf("the latest that waits: %s", got)
	}
	for _, bad := range []OutboxItem{{Kind: "letter"}, {Key: "x"}, {Kind: "letter", Key: strings.Repeat("k", 2*MaxKey)}} {
		if err := s.PutOutbox(ctx, []OutboxItem{bad}, nil); err == nil {
			t.Errorf("%.40q was kept", bad.Kind+"/"+bad.Key)
		}
	}
}

func testOutboxPrune(t *testing.T, p place) {
	s, ctx := p.open(t), t.Context()
	var items []OutboxItem
	for i := range 60 {
		state := "sent"
		if i%2 == 0 {
			state = "waiting"
		}
		items = append(items, OutboxItem{Kind: "letter", Key: fmt.Sprintf("%02d", i), State: state, At: int64(i)})
	}
	items = append(items, OutboxItem{Kind: "told", Key: "x", At: 1})
	if err := s.PutOutbox(ctx, items, nil); err != nil {
		t.Fatal(err)
	}
	if n := must[int64](t)(s.PruneOutbox(ctx, "letter", "waiting", 20, 5)); n != 25 {
		t.Errorf("%d went", n)
	}
	if got := outboxKeys(t, s, OutboxFilter{Kind: "letter", State: "sent"}); got != "letter/51=sent letter/53=sent letter/55=sent letter/57=sent letter/59=sent" {
		t.Errorf("left: %s", got)
	}
	if n := len(must[[]OutboxItem](t)(s.Outbox(ctx, OutboxFilter{State: "waiting"}))); n != 30 {
		t.Errorf("%d of 30 that wait are left", n)
	}
	if got := outboxKeys(t, s, OutboxFilter{Kind: "told"}); got != "told/x=" {
		t.Errorf("what was told: %s", got)
	}
}

func testOutboxWhole(t *testing.T, p place) {
	s := p.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.PutOutbox(ctx, []OutboxItem{{Kind: "letter", Key: "a"}}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v", err)
	}
	if got := outboxKeys(t, s, OutboxFilter{}); got != "" {
		t.Errorf("of a cancelled one is left: %s", got)
	}
}
