package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/identity"
)

// Lists in answers are never null, with something kept and with nothing: the document says that they are lists.
func TestAnswersHaveNoNulls(t *testing.T) {
	for _, n := range []int{0, 3} {
		v := openViews(t)
		v.Status = status
		keys := v.keep(n, time.Now().Add(-time.Hour))
		var doc struct {
			Paths map[string]map[string]json.RawMessage `json:"paths"`
		}
		v.get("/openapi.json", &doc)
		asked := 0
		ask := func(path string) {
			r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
			w := httptest.NewRecorder()
			v.Handler().ServeHTTP(w, r.WithContext(identity.WithSubject(t.Context(), identity.System("anna"))))
			if w.Code == http.StatusNotImplemented || w.Code == http.StatusServiceUnavailable {
				return
			}
			if w.Code != http.StatusOK {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
			if asked++; bytes.Contains(w.Body.Bytes(), []byte(":null")) {
				t.Errorf("%s: %.2000s", path, w.Body)
			}
		}
		for path, methods := range doc.Paths {
			get := string(methods["get"])
			if get != "" && !strings.Contains(path, "{") && !strings.HasSuffix(path, "/events") && strings.Contains(get, "x-permission") && !strings.Contains(get, `"required":true`) {
				ask(path)
			}
		}
		for _, key := range keys {
			ask(Root + "/incidents/" + key)
		}
		ask(Root + "/entities/any/" + fmt.Sprintf("PC-%d.example.com", 1))
		if asked < 15 {
			t.Errorf("only %d operations were asked for", asked)
		}
	}
}
