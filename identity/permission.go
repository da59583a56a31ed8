package identity

import (
	"slices"
	"strings"
)

// Permission is something that can be done.
type Permission string

// The permissions; there are no others.
const (
	IncidentRead   Permission = "incident.read"
	IncidentDecide Permission = "incident.decide"
	CaseRead       Permission = "case.read"
	CaseWrite      Permission = "case.write"
	SilenceRead    Permission = "silence.read"
	SilenceWrite   Permission = "silence.write"
	SearchRead     Permission = "search.read"
	RuleRead       Permission = "rule.read"
	RuleWrite      Permission = "rule.write"
	ActionRead     Permission = "action.read"
	ActionAsk      Permission = "action.ask"
	ActionApprove  Permission = "action.approve"
	FirewallRead   Permission = "firewall.read"
	FirewallChange Permission = "firewall.change"
	ReportRead     Permission = "report.read"
	StatusRead     Permission = "status.read"
	TokenOwn       Permission = "token.own"
	UserRead       Permission = "user.read"
	UserWrite      Permission = "user.write"
	SettingsRead   Permission = "settings.read"
	SettingsWrite  Permission = "settings.write"
	AuditRead      Permission = "audit.read"
)

// Role is what somebody is in a tenant.
type Role string

// The roles; each may do what those before it may.
const (
	Viewer        Role = "viewer"        // looks
	Analyst       Role = "analyst"       // judges: decides incidents, writes cases, silences, proposes actions
	Responder     Role = "responder"     // acts: approves actions, changes the firewall and the rules
	Administrator Role = "administrator" // says who is what, and how everything is set
)

// AllTenants stands for every tenant, also those that are made later.
const AllTenants = "*"

// step is what a role may do more than the one before.
var steps = []struct {
	role Role
	more []Permission
}{
	{Viewer, []Permission{
		IncidentRead, CaseRead, SilenceRead, SearchRead, RuleRead, ActionRead, FirewallRead, ReportRead, StatusRead, TokenOwn,
	}},
	{Analyst, []Permission{IncidentDecide, CaseWrite, SilenceWrite, ActionAsk}},
	{Responder, []Permission{ActionApprove, FirewallChange, RuleWrite}},
	{Administrator, []Permission{UserRead, UserWrite, SettingsRead, SettingsWrite, AuditRead}},
}

// dangerous needs a log-in that is recent: who finds an open screen must not be able to do it.
var dangerous = []Permission{FirewallChange, UserWrite, SettingsWrite, TokenOwn}

// Permissions returns all permissions, in a fixed order.
func Permissions() []Permission {
	var all []Permission
	for _, s := range steps {
		all = append(all, s.more...)
	}
	return all
}

// listed returns permissions as a person reads them.
func listed(all []Permission) string {
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = string(p)
	}
	return strings.Join(names, ", ")
}

// Roles returns all roles, from the least to the most.
func Roles() []Role {
	var all []Role
	for _, s := range steps {
		all = append(all, s.role)
	}
	return all
}

// Dangerous tells whether a permission needs a recent log-in.
func (p Permission) Dangerous() bool { return slices.Contains(dangerous, p) }

// May tells whether a role may do something. An unknown role may do nothing.
func (r Role) May(p Permission) bool {
	if !slices.Contains(Roles(), r) {
		return false
	}
	for _, s := range steps {
		if slices.Contains(s.more, p) {
			return true
		}
		if s.role == r {
			return false
		}
	}
	return false
}

// parseRole returns the role of a name.
func parseRole(name string) (Role, error) {
	if slices.Contains(Roles(), Role(name)) {
		return Role(name), nil
	}
	return "", invalid("role", "%.40q is none of viewer, analyst, responder, administrator", name)
}

// Subject is who asks: a person with a session, a program with a token, or who runs a command on this machine. Its parts must
// not be changed.
type Subject struct {
	Name  string          // of the user
	Roles map[string]Role // by tenant
	// Scope are the only permissions of a token; nil with a session: all of the role's.
	Scope []Permission
	// Tenants are the only ones of a token; nil: all of the user's.
	Tenants []string
	Token   string // the id of a token; "" for a person
	Session string // the key of a session; "" without one
	Recent  bool   // logged in not long ago; true where that has no meaning
	Address string // whence it asks
}

// Actor is how the audit trail names the subject.
func (s *Subject) Actor() string {
	if s.Token != "" {
		return s.Name + " (token " + s.Token + ")"
	}
	return s.Name
}

// System is the subject of whoever may use the socket in the data folder: the file system has decided.
func System(actor string) *Subject {
	return &Subject{Name: actor, Roles: map[string]Role{AllTenants: Administrator}, Recent: true}
}

// Denied is the error of Allowed.
type Denied struct {
	Permission Permission
	Tenant     string
	// Hidden: the subject must not learn whether the tenant exists; the answer is that of one that does not.
	Hidden bool
	// StepUp: it would be allowed after a new log-in.
	StepUp bool
}

func (e *Denied) Error() string {
	switch {
	case e.Hidden:
		return "there is no tenant " + e.Tenant
	case e.StepUp:
		return string(e.Permission) + " needs a recent log-in: log in again"
	}
	return "not allowed: " + string(e.Permission)
}

// RoleIn is the subject's role in a tenant, the higher of that and the one in all; "" is none.
func (s *Subject) RoleIn(tenant string) Role {
	if s.Tenants != nil && !slices.Contains(s.Tenants, tenant) {
		return ""
	}
	a, b := s.Roles[tenant], s.Roles[AllTenants]
	if slices.Index(Roles(), a) >= slices.Index(Roles(), b) {
		return a
	}
	return b
}

// Allowed says whether a subject may do something in a tenant; AllTenants is asked about for what concerns all of them. The
// error is a *Denied. Nobody (nil) may do nothing.
func Allowed(s *Subject, tenant string, p Permission) error {
	if s == nil {
		return &Denied{Permission: p, Tenant: tenant, Hidden: true}
	}
	role := s.RoleIn(tenant)
	switch {
	case !slices.Contains(Roles(), role):
		return &Denied{Permission: p, Tenant: tenant, Hidden: tenant != AllTenants}
	case !role.May(p), s.Scope != nil && !slices.Contains(s.Scope, p):
		return &Denied{Permission: p, Tenant: tenant}
	case p.Dangerous() && !s.Recent:
		return &Denied{Permission: p, Tenant: tenant, StepUp: true}
	}
	return nil
}

// parsePermissions reads names of permissions.
func parsePermissions(names []string) ([]Permission, error) {
	list := make([]Permission, 0, len(names))
	for _, n := range names {
		p := Permission(strings.TrimSpace(n))
		if !slices.Contains(Permissions(), p) {
			return nil, invalid("scope", "%.40q is no permission; these are: %s", n, listed(Permissions()))
		}
		if !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list, nil
}
