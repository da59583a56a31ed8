package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/tocsin-sec/tocsin/state"
)

// Hit is a hit as it is answered.
type Hit struct {
	Key     string          `json:"key"`
	Level   string          `json:"level"`
	Title   string          `json:"title"`
	Time    time.Time       `json:"time"`
	Last    time.Time       `json:"last,omitzero"`
	Seen    time.Time       `json:"seen"`
	Count   int64           `json:"count"`
	Open    bool            `json:"open,omitempty"` // more may belong to it yet
	EventID string          `json:"event_id,omitempty"`
	Hit     json.RawMessage `json:"hit"` // as tocsin hunt --json writes it
}

// levelNames are the levels of state.Hit.
var levelNames = [...]string{"informational", "low", "medium", "high", "critical"}

// HitOf makes of a kept hit what is answered.
func HitOf(h *state.Hit) Hit {
	out := Hit{
		Key: h.Key, Level: levelNames[min(max(h.Level, 0), len(levelNames)-1)], Title: h.RuleTitle,
		Time: time.Unix(0, h.Time).UTC(), Seen: time.Unix(0, h.Seen).UTC(), Count: h.Count, Open: h.Open,
		EventID: h.EventID, Hit: json.RawMessage(h.JSON),
	}
	if h.Last != 0 {
		out.Last = time.Unix(0, h.Last).UTC()
	}
	return out
}

// HitFilter reads a filter of hits from the arguments of a request.
func HitFilter(get func(name string) string) (state.HitFilter, error) {
	f := state.HitFilter{Rule: get("rule"), Entity: get("entity"), Text: get("text"), After: get("after")}
	switch order := get("order"); order {
	case "", "newest":
	case "oldest":
		f.Order = state.Oldest
	case "worst":
		f.Order = state.Worst
	default:
		return f, &Problem{Status: http.StatusBadRequest, Title: "order " + order + " is not known: newest, oldest or worst"}
	}
	for name, to := range map[string]*int64{"since": &f.Since, "until": &f.Until} {
		text := get(name)
		if text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return f, &Problem{Status: http.StatusBadRequest, Title: name + " is no time of RFC 3339: " + text}
		}
		*to = t.UnixNano()
	}
	for name, to := range map[string]*int{"limit": &f.Limit, "level": &f.MinLevel} {
		text := get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return f, &Problem{Status: http.StatusBadRequest, Title: name + " is no number: " + text}
		}
		*to = n
	}
	return f, nil
}

func (s *Server) hits(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	f, err := HitFilter(r.FormValue)
	if err != nil {
		return err
	}
	out := newLines(w)
	for h, err := range t.State.ListHits(r.Context(), f) {
		if errors.Is(err, state.ErrPlace) {
			err = &Problem{Status: http.StatusBadRequest, Title: err.Error()}
		}
		if err != nil {
			return out.end(err)
		}
		text, err := json.Marshal(HitOf(&h))
		if err == nil {
			err = out.line(append(text, '\n'))
		}
		if err != nil {
			return out.end(err)
		}
	}
	return out.end(nil)
}

func (s *Server) hit(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	h, err := t.State.Hit(r.Context(), r.PathValue("key"))
	if errors.Is(err, state.ErrNotFound) {
		return &Problem{Status: http.StatusNotFound, Title: "there is no hit " + r.PathValue("key")}
	}
	if err != nil {
		return err
	}
	return writeJSON(w, HitOf(&h))
}
