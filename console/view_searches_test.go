package console

import (
	"net/http"
	"testing"
)

func TestSavedSearches(t *testing.T) {
	v := openViews(t)
	var x SavedSearch
	for _, name := range []string{"Failed logins", " failed logins ", "Others"} {
		if status := v.ask(http.MethodPost, "/searches", map[string]any{"name": name, "query": "failed user.name:root", "shared": true, "since": "24h"}, &x); status != http.StatusOK {
			t.Fatalf("%s: %d", name, status)
		}
	}
	if x.Owner != "anna" || x.ID == "" || x.Page != "search" {
		t.Errorf("%+v", x)
	}
	var list Page[SavedSearch]
	v.get("/searches", &list)
	if len(list.Items) != 2 || list.Items[0].Name != "failed logins" || list.Items[0].Since != "24h" {
		t.Errorf("%+v", list)
	}
	for want, body := range map[int]map[string]any{
		http.StatusUnprocessableEntity: {"name": "x", "query": `"open`},
	} {
		var p Problem
		if status := v.ask(http.MethodPost, "/searches", body, &p); status != want || p.Field != "query" {
			t.Errorf("%v: %d %+v", body, status, p)
		}
	}
	if v.ask(http.MethodPost, "/searches", map[string]any{"name": "q", "page": "queue", "query": "severity:x"}, nil) != http.StatusUnprocessableEntity {
		t.Error("a mistake in a query of the queue is kept")
	}
	if status := v.ask(http.MethodDelete, "/searches/"+x.ID, nil, nil); status != http.StatusOK {
		t.Errorf("forget: %d", status)
	}
	if status := v.ask(http.MethodDelete, "/searches/"+x.ID, nil, nil); status != http.StatusNotFound {
		t.Errorf("forget again: %d", status)
	}
	v.get("/searches", &list)
	if len(list.Items) != 1 {
		t.Errorf("%+v", list)
	}
}
