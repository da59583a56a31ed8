package console

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"runtime/metrics"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/state"
)

// metrics answers with what Prometheus takes in (text format 0.0.4). It needs status.read, as GET /status does, and tells of
// the same tenants.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	subject := identity.SubjectOf(r.Context())
	if subject == nil {
		identity.WriteProblem(w, identity.ErrNobody)
		return
	}
	st := s.statusFor(subject)
	if len(st.Tenants) == 0 {
		identity.WriteProblem(w, &identity.Denied{Permission: identity.StatusRead, Tenant: identity.AllTenants})
		return
	}
	p := &exposition{}
	for i := range st.Tenants {
		s.tenantMetrics(r, p, &st.Tenants[i])
	}
	if identity.Allowed(subject, identity.AllTenants, identity.StatusRead) == nil {
		memory := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(memory)
		p.gauge("tocsin_memory_bytes", "Memory that the system has given to the process.", memory[0].Value.Uint64())
		p.gauge("tocsin_heap_bytes", "Memory in use by what the process holds.", memory[1].Value.Uint64())
		p.gauge("tocsin_goroutines", "Goroutines.", runtime.NumGoroutine())
		p.gauge("tocsin_start_time_seconds", "When the process began, since 1970.", st.Started.Unix())
		p.gauge("tocsin_info", "Always 1.", 1, "version", st.Version)
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(p.text()) // who is gone needs no answer
}

// tenantMetrics adds what there is of a tenant.
func (s *Server) tenantMetrics(r *http.Request, p *exposition, t *TenantStatus) {
	tenant := []string{"tenant", t.Name}
	counter := func(name, help string, v any) { p.add(name, "counter", help, v, tenant) }
	gauge := func(name, help string, v any) { p.add(name, "gauge", help, v, tenant) }
	counter("tocsin_events_total", "Events read.", t.Events)
	counter("tocsin_events_kept_total", "Events that the store took.", t.Kept)
	counter("tocsin_events_not_kept_total", "Events too old, or too far in the future, for the store.", t.Unkept)
	counter("tocsin_unread_total", "Parts of the input that could not be read.", t.Unread)
	counter("tocsin_hits_total", "Hits written; one that grows is written again.", t.Hits)
	counter("tocsin_novelties_held_total", "Novelties that were not told for stranger ones.", t.Held.Total)
	counter("tocsin_messages_sent_total", "Messages that told somebody.", t.Notify.Sent)
	counter("tocsin_messages_failed_total", "Messages that were given up.", t.Notify.Failed)
	gauge("tocsin_events_per_second", "Events read a second, since this was asked before, or in the last minute.", s.rates.of(t.Name, t.Events, time.Now()))
	gauge("tocsin_rules", "Rules in force.", t.Rules)
	gauge("tocsin_queue", "Deliveries that are still to be kept.", t.Waiting)
	gauge("tocsin_outbox", "Messages that wait to be sent.", t.Notify.Waiting)
	gauge("tocsin_wal_bytes", "The log of deliveries on disk.", t.Log)
	gauge("tocsin_store_bytes", "The events on disk.", t.StoreBytes)
	gauge("tocsin_stalled", "1: nothing is kept for now.", flag(t.Stalled != ""))
	gauge("tocsin_full", "1: nothing is taken in, for there is no room.", flag(t.Full))
	for _, level := range s.openByLevel(r, t.Name) {
		p.add("tocsin_incidents_open", "gauge", "Open incidents that are not put off.", level.Count, append([]string{"level", level.Value}, tenant...))
	}
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// openByLevel counts the open incidents of a tenant.
func (s *Server) openByLevel(r *http.Request, tenant string) []ValueCount {
	t, err := s.tenantNamed(tenant)
	if err != nil || t.State == nil {
		return nil
	}
	briefs, _, err := t.State.Briefs(r.Context(), state.IncidentFilter{Status: state.Waiting, Now: time.Now().UnixNano()})
	if err != nil {
		s.failed(r.Context(), err)
		return nil // absent is not known
	}
	out := make([]ValueCount, alert.Critical+1)
	for level := range out {
		out[level].Value = alert.LevelName(level)
	}
	for _, b := range briefs {
		out[min(max(b.Level, 0), alert.Critical)].Count++
	}
	return out
}

// exposition gathers samples; those of one name stand together, as the format wants it.
type exposition struct {
	names   []string
	samples map[string]*bytes.Buffer
}

func (p *exposition) gauge(name, help string, v any, labels ...string) {
	p.add(name, "gauge", help, v, labels)
}

// add adds a sample with labels: names and values in turn.
func (p *exposition) add(name, kind, help string, v any, labels []string) {
	b := p.samples[name]
	if b == nil {
		if p.samples == nil {
			p.samples = make(map[string]*bytes.Buffer)
		}
		b = new(bytes.Buffer)
		fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
		p.names, p.samples[name] = append(p.names, name), b
	}
	b.WriteString(name)
	for i := 0; i+1 < len(labels); i += 2 {
		b.WriteByte("{,"[min(i, 1)])
		fmt.Fprintf(b, "%s=\"%s\"", labels[i], strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(labels[i+1]))
	}
	if len(labels) > 0 {
		b.WriteByte('}')
	}
	fmt.Fprintf(b, " %v\n", v)
}

func (p *exposition) text() []byte {
	var out []byte
	for _, name := range p.names {
		out = append(out, p.samples[name].Bytes()...)
	}
	return out
}
