package serve

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// TestSealedDaysAreAudited: the head of the manifest of sealed days is written into the audit trail, once.
func TestSealedDaysAreAudited(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-5 * 24 * time.Hour)
	kept, err := store.Open(filepath.Join(dir, "tenants", settings.MainTenant, "events"), store.Options{MinFree: 1})
	if err != nil {
		t.Fatal(err)
	}
	var b store.Batch
	b.Row(old.UnixNano())
	b.Field("message", "what happened then")
	if _, err := kept.Add(t.Context(), 1, &b); err != nil {
		t.Fatal(err)
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds it noted
		checkSealed(t, dir)
	}
}

// checkSealed serves the folder until its store was put in order, and compares the audit trail with the manifest.
func checkSealed(t *testing.T, dir string) {
	t.Helper()
	s := &serve{Options: Options{Data: dir}, log: slog.New(slog.DiscardHandler), settings: &settings.File{}}
	s.settings.Inputs.Files = nil
	if err := s.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	main := s.tenants[0]
	ctx, stop := context.WithCancel(t.Context())
	lines, kept := make(chan error, 1), make(chan struct{})
	go func() { lines <- main.line.Run(ctx) }()
	go func() { defer close(kept); s.maintain(ctx, main) }()
	var list []state.AuditEntry
	for end := time.Now().Add(30 * time.Second); len(list) == 0 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		for e, err := range main.state.ListAudit(ctx, state.AuditFilter{Action: "sealed"}) {
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, e)
		}
	}
	entries, head := main.store.(maintained).Manifest()
	stop()
	<-kept
	if err := <-lines; err != nil {
		t.Error(err)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
	if len(list) != 1 {
		t.Fatalf("%d entries", len(list))
	}
	var detail struct {
		Entries int
		Head    string
	}
	if err := json.Unmarshal([]byte(list[0].Detail), &detail); err != nil {
		t.Fatal(err)
	}
	if entries == 0 || detail.Entries != entries || detail.Head != head || list[0].Actor != "tocsin" || list[0].Target != "events" {
		t.Errorf("%+v, the manifest has %d entries and the head %s", list[0], entries, head)
	}
}
