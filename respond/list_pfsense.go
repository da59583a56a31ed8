package respond

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
)

// pfSense is an alias of pfSense, by version 2 of the package pfSense-pkg-RESTAPI: the whole list is set, then applied.
type pfSense struct {
	*remote
	alias string
}

// pfAlias is an alias as the API has it.
type pfAlias struct {
	ID      int      `json:"id"`
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Address []string `json:"address"`
}

func (s *pfSense) find(ctx context.Context) (*pfAlias, error) {
	var answer struct {
		Data []pfAlias `json:"data"`
	}
	if err := s.call(ctx, http.MethodGet, "/api/v2/firewall/aliases?limit=0", nil, &answer); err != nil {
		return nil, err
	}
	for i := range answer.Data {
		if a := &answer.Data[i]; a.Name == s.alias {
			if a.Type != "network" {
				return nil, fmt.Errorf("the alias %s is of the type %.20q: it must be network", s.alias, a.Type)
			}
			return a, nil
		}
	}
	return nil, fmt.Errorf("pfSense has no alias %s", s.alias)
}

// Members implements Alias.
func (s *pfSense) Members(ctx context.Context) ([]netip.Prefix, error) {
	a, err := s.find(ctx)
	if err != nil {
		return nil, err
	}
	return members(a.Address)
}

// Change implements Alias. The alias is looked up again: its number is its place, which others may have changed.
func (s *pfSense) Change(ctx context.Context, _, _, all []netip.Prefix) error {
	a, err := s.find(ctx)
	if err != nil {
		return err
	}
	texts := make([]string, len(all))
	for i, p := range all {
		texts[i] = p.String()
	}
	var answer struct {
		Data pfAlias `json:"data"`
	}
	body := map[string]any{"id": a.ID, "address": texts, "detail": []string{}}
	if err := s.call(ctx, http.MethodPatch, "/api/v2/firewall/alias", body, &answer); err != nil {
		return err
	}
	if answer.Data.Name != s.alias {
		return fmt.Errorf("pfSense has changed the alias %.40q in place of %s", answer.Data.Name, s.alias)
	}
	var applied struct {
		Status string `json:"status"`
	}
	return s.call(ctx, http.MethodPost, "/api/v2/firewall/apply", map[string]any{}, &applied)
}
