package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/state"
)

func TestCaseReport(t *testing.T) {
	v := openViews(t)
	st := v.Tenants[0].State
	keys := v.keep(2, time.Now().Add(-time.Hour))
	c := alert.NewCase(`Night <script>alert(1)</script>`, "anna", time.Now().UnixNano())
	c.Summary = "Somebody came in.\u202e"
	if err := c.Join(keys[0], time.Now().UnixNano()); err != nil {
		t.Fatal(err)
	}
	if err := c.AddEvidence(alert.Evidence{Name: "disk.img", SHA256: strings.Repeat("ab", 32), Size: 7}); err != nil {
		t.Fatal(err)
	}
	if _, err := st.ChangeCase(t.Context(), c.Key, state.AuditEntry{Actor: "anna", Action: "case.new", Target: c.Key}, func(x *alert.Case) error { *x = *c; return nil }); err != nil {
		t.Fatal(err)
	}
	a := state.Action{Key: "k", Kind: "block", Target: "198.51.100.0", State: "done", Asked: time.Now().UnixNano(), JSON: `{"by":"anna","why":{"alert":"` + keys[0] + `"}}`}
	if err := st.PutActions(t.Context(), []state.Action{a}, nil); err != nil {
		t.Fatal(err)
	}
	var page string
	v.get("/cases/"+c.Key[:8]+"/report", &page)
	for _, want := range []string{"Night &lt;script&gt;", `\u202e`, "Password guessed", "block <code>198.51.100.0</code>", strings.Repeat("ab", 32), "Until something was done", "1 entries", "<style>:root{--bg:#fff"} {
		if !strings.Contains(page, want) {
			t.Errorf("there is no %s in the report", want)
		}
	}
	if strings.Contains(page, "<script") {
		t.Error("a script is in the report")
	}
	w := httptest.NewRecorder()
	v.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, Root+"/cases/"+c.Key+"/report?download=true", http.NoBody).WithContext(identity.WithSubject(t.Context(), identity.System("anna"))))
	if got := w.Header().Get("Content-Disposition"); w.Code != http.StatusOK || got != `attachment; filename="case-`+c.Key[:8]+`.html"` {
		t.Errorf("as a file: %d %s", w.Code, got)
	}
	if v.ask(http.MethodGet, "/cases/none/report", nil, nil) != http.StatusNotFound {
		t.Error("a report of no case")
	}
}
