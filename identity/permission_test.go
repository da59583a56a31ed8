package identity

import (
	"errors"
	"slices"
	"testing"
)

// what is written down here anew, beside the table: a mistake there must not be repeated by being read from it.
var matrix = map[Role][]Permission{
	Viewer:        {IncidentRead, CaseRead, SilenceRead, SearchRead, RuleRead, ActionRead, FirewallRead, ReportRead, StatusRead, TokenOwn},
	Analyst:       {IncidentRead, CaseRead, SilenceRead, SearchRead, RuleRead, ActionRead, FirewallRead, ReportRead, StatusRead, TokenOwn, IncidentDecide, CaseWrite, SilenceWrite, ActionAsk},
	Responder:     {IncidentRead, CaseRead, SilenceRead, SearchRead, RuleRead, ActionRead, FirewallRead, ReportRead, StatusRead, TokenOwn, IncidentDecide, CaseWrite, SilenceWrite, ActionAsk, ActionApprove, FirewallChange, RuleWrite},
	Administrator: {IncidentRead, CaseRead, SilenceRead, SearchRead, RuleRead, ActionRead, FirewallRead, ReportRead, StatusRead, TokenOwn, IncidentDecide, CaseWrite, SilenceWrite, ActionAsk, ActionApprove, FirewallChange, RuleWrite, UserRead, UserWrite, SettingsRead, SettingsWrite, AuditRead},
	"":            nil,
	"owner":       nil,
}

func TestAllowed(t *testing.T) {
	if n := len(Permissions()); n != 22 {
		t.Fatalf("there are %d permissions; does the matrix know all of them?", n)
	}
	for role, may := range matrix {
		for _, p := range append(Permissions(), "", "*", "incident", "user.delete") {
			for _, where := range []string{"acme", AllTenants} {
				for _, tenant := range []string{"acme", "beta", AllTenants, ""} {
					for _, recent := range []bool{true, false} {
						for _, scope := range [][]Permission{nil, {}, {p}, {IncidentRead}} {
							for _, only := range [][]string{nil, {"acme"}, {"beta"}} {
								s := &Subject{Roles: map[string]Role{where: role}, Recent: recent, Scope: scope, Tenants: only}
								want := slices.Contains(may, p) && (where == AllTenants || tenant == where) && (recent || !slices.Contains([]Permission{FirewallChange, UserWrite, SettingsWrite, TokenOwn}, p)) &&
									(scope == nil || slices.Contains(scope, p)) && (only == nil || slices.Contains(only, tenant))
								err := Allowed(s, tenant, p)
								if got := err == nil; got != want {
									t.Fatalf("%s in %s may %s in %s (recent %v, scope %v, tenants %v): %v, want %v", role, where, p, tenant, recent, scope, only, got, want)
								}
								var d *Denied
								if err != nil && (!errors.As(err, &d) || d.Hidden && (tenant == AllTenants || s.RoleIn(tenant) == Viewer)) {
									t.Fatalf("%s in %s, %s in %s: %#v", role, where, p, tenant, err)
								}
							}
						}
					}
				}
			}
		}
	}
	if Allowed(nil, "main", IncidentRead) == nil || Allowed(&Subject{}, "main", IncidentRead) == nil || Allowed(nil, AllTenants, StatusRead) == nil {
		t.Error("nobody may do something")
	}
	both := &Subject{Roles: map[string]Role{AllTenants: Viewer, "acme": Responder}, Recent: true}
	if both.RoleIn("acme") != Responder || both.RoleIn("beta") != Viewer {
		t.Error("of two roles the lower counts")
	}
}

func TestGuessable(t *testing.T) {
	for _, bad := range []string{
		"short", "password12", "Password123!", "P@ssw0rd2026", "Sommer2026!!", "qwertyuiop", "1234567890", "0987654321", "aaaaaaaaaaaa", "abcabcabcabc",
		"anna.meier1", "AnnaMeier2026", "tocsinadmin1", "letmein2024!", "1qaz2wsx3edc", "qwertzuiop", "welcomewelcome", "passwordpassword", "monkeydragon", "5551234567", "adminadmin123",
	} {
		if checkPassword(bad, "anna.meier", "Anna Meier", "https://tocsin.example.com") == nil {
			t.Errorf("%s is taken, with %.0f bits", bad, guessBits(bad, []string{"anna.meier"}))
		}
	}
	for _, fine := range []string{good, "correct horse battery staple", "xkvbqzrwhj", "ein Pferd frisst Gurkensalat", "Tr0ub4dor&3xyl", "日本語のパスワードですよ", "     blank inside it     "} {
		if err := checkPassword(fine, "anna.meier", "Anna Meier", ""); err != nil {
			t.Errorf("%s: %v (%.0f bits)", fine, err, guessBits(fine, nil))
		}
	}
	// The same from every keyboard: é as one character and as two.
	h, err := newHasher(Hashing{Memory: 1024, Passes: 1, Lanes: 1})
	if err != nil {
		t.Fatal(err)
	}
	kept := must(h.hash(t.Context(), "caf\u00e9 au lait"))(t)
	if ok, _, err := h.check(t.Context(), kept, "cafe\u0301 au lait"); !ok || err != nil {
		t.Errorf("decomposed: %v, %v", ok, err)
	}
}
