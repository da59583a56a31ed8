package state

import (
	"errors"
	"slices"
	"testing"
)

func TestDocuments(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		s, ctx := p.open(t), t.Context()
		for _, key := range []string{"b", "a", "b"} {
			if err := s.PutDocument(ctx, Document{Kind: "search", Key: key, Updated: 7, JSON: `{"q":"x\u0000"}`}, AuditEntry{Actor: "anna", Action: "search.save", Target: key}); err != nil {
				t.Fatal(err)
			}
		}
		list := must[[]Document](t)(s.Documents(ctx, "search"))
		if want := []Document{{"search", "a", 7, `{"q":"x\u0000"}`}, {"search", "b", 7, `{"q":"x\u0000"}`}}; !slices.Equal(list, want) {
			t.Errorf("%+v", list)
		}
		if d := must[Document](t)(s.Document(ctx, "search", "a")); d != list[0] {
			t.Errorf("%+v", d)
		}
		if err := s.DropDocument(ctx, "search", "a", AuditEntry{Actor: "anna", Action: "search.forget", Target: "a"}); err != nil {
			t.Fatal(err)
		}
		if err := s.DropDocument(ctx, "search", "a", AuditEntry{}); !errors.Is(err, ErrNotFound) {
			t.Errorf("forgotten twice: %v", err)
		}
		if _, err := s.Document(ctx, "search", "a"); !errors.Is(err, ErrNotFound) {
			t.Errorf("forgotten: %v", err)
		}
		if n := len(listAudit(t, s, AuditFilter{})); n != 4 {
			t.Errorf("%d entries of the audit trail", n)
		}
		if s.PutDocument(ctx, Document{Kind: "search"}, AuditEntry{}) == nil {
			t.Error("a document without a key is kept")
		}
	})
}
