package respond

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
)

// opnSense is an alias of OPNsense, by the API of its core (firewall, alias_util): each address is added and deleted on its
// own, and is in the kernel there at once.
type opnSense struct {
	*remote
	alias string
}

// Members implements Alias.
func (o *opnSense) Members(ctx context.Context) ([]netip.Prefix, error) {
	const page = 5000
	var texts []string
	for current := 1; current <= 100; current++ {
		var answer struct {
			Total int `json:"total"`
			Rows  []struct {
				IP string `json:"ip"`
			} `json:"rows"`
		}
		body := map[string]int{"current": current, "rowCount": page}
		if err := o.call(ctx, http.MethodPost, "/api/firewall/alias_util/list/"+o.alias, body, &answer); err != nil {
			return nil, err
		}
		for _, r := range answer.Rows {
			texts = append(texts, r.IP)
		}
		if len(answer.Rows) == 0 || len(texts) >= answer.Total {
			break
		}
	}
	return members(texts)
}

// Change implements Alias.
func (o *opnSense) Change(ctx context.Context, add, remove, _ []netip.Prefix) error {
	for _, step := range []struct {
		verb string
		list []netip.Prefix
	}{{"add", add}, {"delete", remove}} {
		for _, p := range step.list {
			var answer struct {
				Status  string `json:"status"`
				Message string `json:"status_msg"`
			}
			body := map[string]string{"address": addressText(p)}
			if err := o.call(ctx, http.MethodPost, "/api/firewall/alias_util/"+step.verb+"/"+o.alias, body, &answer); err != nil {
				return err
			}
			if answer.Status != "done" {
				return fmt.Errorf("%s %s: OPNsense answers %.60q %.200q", step.verb, addressText(p), answer.Status, answer.Message)
			}
		}
	}
	return nil
}
