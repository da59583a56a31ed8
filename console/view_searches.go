package console

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/state"
)

// SavedSearch is a search that somebody has given a name.
type SavedSearch struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Page   string    `json:"page" doc:"Where it is: search or queue."`
	Query  string    `json:"query"`
	Since  string    `json:"since,omitempty" doc:"The span that belongs to it: 24h, or a time."`
	Until  string    `json:"until,omitempty"`
	Owner  string    `json:"owner"`
	Shared bool      `json:"shared" doc:"Others see it, too."`
	Saved  time.Time `json:"saved"`
}

// SearchWish saves a search.
type SearchWish struct {
	Body struct {
		Name   string `json:"name" minLength:"1" maxLength:"200"`
		Page   string `json:"page,omitempty" enum:"search,queue" default:"search"`
		Query  string `json:"query" maxLength:"65536"`
		Since  string `json:"since,omitempty" maxLength:"40"`
		Until  string `json:"until,omitempty" maxLength:"40"`
		Shared bool   `json:"shared,omitempty"`
	} `nameHint:"SearchWish"`
}

const searchKind = "search"

func (s *Server) registerSearches(a *API) {
	op := Operation{Method: http.MethodGet, Path: "/searches", Permission: identity.SearchRead, Summary: "Lists saved searches: one's own, and those that others share", Tag: "search"}
	Handle(a, op, s.searches)
	op.Method, op.Summary = http.MethodPost, "Saves a search; one's own of the same name is replaced"
	Handle(a, op, s.saveSearch)
	op.Method, op.Path, op.Summary = http.MethodDelete, "/searches/{id}", "Forgets a saved search"
	Handle(a, op, s.forgetSearch)
}

func (s *Server) searches(ctx context.Context, t *Tenant, _ *Nothing) (*Page[SavedSearch], error) {
	docs, err := t.State.Documents(ctx, searchKind)
	if err != nil {
		return nil, err
	}
	out := &Page[SavedSearch]{Items: []SavedSearch{}}
	for _, d := range docs {
		var x SavedSearch
		if err := json.Unmarshal([]byte(d.JSON), &x); err != nil {
			return nil, fmt.Errorf("saved search %s: %w", d.Key, err)
		}
		if x.Shared || x.Owner == me(ctx) {
			out.Items = append(out.Items, x)
		}
	}
	slices.SortFunc(out.Items, func(a, b SavedSearch) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

func (s *Server) saveSearch(ctx context.Context, t *Tenant, in *SearchWish) (*SavedSearch, error) {
	now := time.Now()
	x := &SavedSearch{
		Name: strings.TrimSpace(in.Body.Name), Page: cmp.Or(in.Body.Page, "search"), Query: in.Body.Query, Since: in.Body.Since, Until: in.Body.Until,
		Shared: in.Body.Shared, Owner: me(ctx), Saved: now.UTC(),
	}
	if x.Name == "" {
		return nil, bad("name", "a search needs a name")
	}
	var err error
	if x.Page == "queue" {
		_, err = parseQueue(x.Query, Asker{})
	} else {
		_, err = query.Parse(x.Query)
	}
	if err != nil {
		p := bad("query", "%v", err)
		var at *query.Error
		if errors.As(err, &at) {
			p.Detail = at.Caret()
		}
		return nil, p
	}
	sum := sha256.Sum256([]byte(x.Owner + "\x00" + x.Page + "\x00" + strings.ToLower(x.Name)))
	x.ID = hex.EncodeToString(sum[:8])
	text, err := json.Marshal(x)
	if err != nil {
		return nil, err
	}
	err = t.State.PutDocument(ctx, state.Document{Kind: searchKind, Key: x.ID, Updated: now.UnixNano(), JSON: string(text)},
		state.AuditEntry{Time: now.UnixNano(), Actor: Actor(ctx), Action: "search.save", Target: x.ID, Detail: string(text)})
	if errors.Is(err, state.ErrMany) {
		return nil, &Problem{Status: http.StatusConflict, Title: "there are too many saved searches; forget some"}
	}
	return x, err
}

// forgetSearch forgets one's own search; who may change rules may forget those that others share.
func (s *Server) forgetSearch(ctx context.Context, t *Tenant, in *IDAsk) (*Nothing, error) {
	none := &Problem{Status: http.StatusNotFound, Title: "there is no saved search " + in.ID, Field: "id"}
	d, err := t.State.Document(ctx, searchKind, in.ID)
	if errors.Is(err, state.ErrNotFound) {
		return nil, none
	}
	if err != nil {
		return nil, err
	}
	var x SavedSearch
	if err := json.Unmarshal([]byte(d.JSON), &x); err != nil {
		return nil, fmt.Errorf("saved search %s: %w", in.ID, err)
	}
	if x.Owner != me(ctx) {
		if !x.Shared {
			return nil, none
		}
		if err := identity.Allowed(identity.SubjectOf(ctx), t.Name, identity.RuleWrite); err != nil {
			return nil, err
		}
	}
	err = t.State.DropDocument(ctx, searchKind, in.ID, state.AuditEntry{Time: time.Now().UnixNano(), Actor: Actor(ctx), Action: "search.forget", Target: in.ID, Detail: d.JSON})
	if errors.Is(err, state.ErrNotFound) {
		return nil, none
	}
	return &Nothing{}, err
}
