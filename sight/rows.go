package sight

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Rows makes sightings of events as a store keeps them: by the native names of their fields, and the ECS names by which
// they are found. So what is kept teaches the detectors what is normal. It belongs to one goroutine.
type Rows struct {
	sights  *sights
	shapes  event.Shapes
	formats map[string]*event.Format
	origins map[string]*event.Origin
	batch   event.Batch
	names   []string
	values  []event.Value
}

// NewRows makes a Rows.
func NewRows() *Rows {
	return &Rows{sights: newSights(nil), formats: make(map[string]*event.Format), origins: make(map[string]*event.Origin)}
}

// Add takes an event of a dataset (the name of its format), of a time in nanoseconds since 1970, that came from a path.
// Fields without a value are left out. It keeps none of the strings.
func (r *Rows) Add(dataset, path string, at int64, names []string, value func(i int) string) {
	r.names, r.values = r.names[:0], r.values[:0]
	for i, n := range names {
		if v := value(i); v != "" {
			r.names, r.values = append(r.names, n), append(r.values, valueOf(v))
		}
	}
	r.batch.Reset()
	ev := r.batch.Add(r.shapes.Intern(r.format(dataset), r.names))
	copy(ev.Values, r.values)
	ev.Time, ev.Origin = at, r.origin(path)
	r.sights.see(ev)
}

// valueOf takes the text of a value for what it was.
func valueOf(s string) event.Value {
	switch {
	case s[0] == '[' && s[len(s)-1] == ']':
		return event.Value{Raw: s, Kind: event.List}
	case s[0] == '{' && s[len(s)-1] == '}':
		return event.Value{Raw: s, Kind: event.Object}
	}
	return event.Value{Raw: s, Kind: event.Text}
}

// Take returns the sightings of what was added since it was last called, in no order.
func (r *Rows) Take() []Sighting { return r.sights.take() }

// format returns what a dataset is a dialect of, as far as detectors must know.
func (r *Rows) format(dataset string) *event.Format {
	f := r.formats[dataset]
	if f != nil {
		return f
	}
	f = &event.Format{Name: strings.Clone(dataset)}
	product, service, _ := strings.Cut(f.Name, ".")
	switch product {
	case "windows":
		f = event.WindowsFormat
	case "azure", "okta", "m365", "gcp", "google_workspace":
		f.LogSource = event.LogSource{Product: product, Service: service}
	case "tocsin":
		f.LogSource = event.LogSource{Product: "tocsin"}
	case "netflow", "vpcflow":
		f.LogSource = event.LogSource{Category: "firewall", Service: product}
	case "squid":
		f.LogSource = event.LogSource{Category: "proxy"}
	}
	if log, ok := strings.CutPrefix(f.Name, "zeek_"); ok {
		f.LogSource = event.LogSource{Product: "zeek", Service: log}
	}
	if len(r.formats) < maxDatasets {
		r.formats[f.Name] = f
	}
	return f
}

// maxDatasets bounds the datasets and the paths that are remembered.
const maxDatasets = 4096

func (r *Rows) origin(path string) *event.Origin {
	o := r.origins[path]
	if o == nil {
		o = &event.Origin{Path: strings.Clone(path)}
		if len(r.origins) < maxDatasets {
			r.origins[o.Path] = o
		}
	}
	return o
}
