package console

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/notify"
)

// Status is what the process says of itself.
type Status struct {
	Version string         `json:"version"`
	Process int            `json:"pid,omitempty"` // told to those who may see all tenants
	Started time.Time      `json:"started"`
	Data    string         `json:"data,omitempty"` // the folder; told to the same
	Tenants []TenantStatus `json:"tenants"`
	Console *Front         `json:"console,omitempty"` // absent: it is not reached over the network
}

// Front is where the console is reached over the network.
type Front struct {
	URL         string `json:"url"`
	Listen      string `json:"listen"`
	Fingerprint string `json:"fingerprint,omitempty"` // SHA-256 of the certificate, where that signs itself
	Refused     string `json:"refused,omitempty"`     // why it is not reached
}

// TenantStatus is what it says of a tenant.
type TenantStatus struct {
	Name   string        `json:"name"`
	Inputs []string      `json:"inputs"`
	Notify notify.Status `json:"notify"`

	Incidents  map[string]int64 `json:"incidents,omitempty"`   // by status
	StoreBytes int64            `json:"store_bytes,omitempty"` // events on disk; 0 where they are elsewhere
	live.Status
}

func (s *Server) registerStatus(a *API) {
	Handle(a, Operation{Method: http.MethodGet, Path: "/status", Permission: identity.StatusRead, Summary: "Says how tocsin does", Tag: "status"}, s.status)
	Handle(a, Operation{Method: http.MethodGet, Path: "/health", Summary: "Says that tocsin answers", Tag: "status"}, s.health)
}

// hubOf is what tells of the changes of a tenant.
func (s *Server) hubOf(t *Tenant) *hub {
	s.hubsMu.Lock()
	defer s.hubsMu.Unlock()
	if s.hubs == nil {
		s.hubs = make(map[string]*hub)
	}
	if s.hubs[t.Name] == nil {
		s.hubs[t.Name] = &hub{state: t.State}
	}
	return s.hubs[t.Name]
}

// Health says that the process answers.
type Health struct {
	OK bool `json:"ok"`
}

func (s *Server) health(context.Context, *Tenant, *Nothing) (*Health, error) {
	return &Health{OK: true}, nil
}

// status tells of the tenants that who asks may know of.
func (s *Server) status(ctx context.Context, _ *Tenant, _ *Nothing) (*Status, error) {
	return s.statusFor(identity.SubjectOf(ctx)), nil
}

func (s *Server) statusFor(subject *identity.Subject) *Status {
	st := *s.Status()
	if identity.Allowed(subject, identity.AllTenants, identity.StatusRead) != nil {
		st.Process, st.Data = 0, ""
		st.Tenants = slices.DeleteFunc(slices.Clone(st.Tenants), func(t TenantStatus) bool {
			return identity.Allowed(subject, t.Name, identity.StatusRead) != nil
		})
	}
	return &st
}
