package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
)

// NewCSV returns the rendering with a row for each hit and a header before them (RFC 4180; lists are joined with "; ").
// A cell that a spreadsheet would take for a formula has an apostrophe before it (OWASP, "CSV Injection").
// What is no text is made safe by o.Safe.
func NewCSV(w io.Writer, o Options) Handler {
	c := &csvRows{w: csv.NewWriter(w), safe: o.Safe}
	c.w.UseCRLF = true
	return c
}

type csvRows struct {
	w      *csv.Writer
	safe   func(string) string
	headed bool
	row    []string
}

var csvHeader = []string{"time", "level", "rule", "id", "techniques", "hosts", "users", "addresses", "file", "record", "matched"}

func (c *csvRows) head() error {
	if c.headed {
		return nil
	}
	c.headed = true
	return c.w.Write(csvHeader)
}

func (c *csvRows) Rule(*detect.RuleInfo) error { return c.head() }

func (c *csvRows) Hit(h *detect.Hit) error {
	if err := c.head(); err != nil {
		return err
	}
	at := ""
	if !h.Time.IsZero() {
		at = h.Time.UTC().Format(time.RFC3339Nano)
	}
	var ids, matched []string
	for _, t := range techniquesOf(h.Rule.Tags) {
		ids = append(ids, t.ID)
	}
	for i := range h.Matched {
		m := &h.Matched[i]
		if m.Field == "" {
			matched = append(matched, m.Value+" ("+m.By+")")
		} else {
			matched = append(matched, m.Field+" = "+m.Value+" ("+m.By+")")
		}
	}
	if h.Count > 0 {
		matched = append(matched, many(h.Count, "event"))
	}
	c.row = append(c.row[:0], at, h.Rule.Level, h.Rule.Title, h.Rule.ID, strings.Join(ids, "; "),
		strings.Join(h.Entities.Hosts, "; "), strings.Join(h.Entities.Users, "; "), strings.Join(h.Entities.Addresses, "; "),
		h.File, strconv.FormatInt(h.Record, 10), strings.Join(matched, "; "))
	for i, s := range c.row {
		c.row[i] = c.cell(s)
	}
	return c.w.Write(c.row)
}

// cell makes a text one that a spreadsheet shows and does not compute.
func (c *csvRows) cell(s string) string {
	if c.safe != nil {
		s = c.safe(s)
	}
	if start := strings.TrimLeft(s, " \t\r\n"); start != "" && strings.ContainsRune("=+-@|%\uff1d\uff0b\uff0d\uff20", []rune(start[:min(len(start), 4)])[0]) {
		return "'" + s
	}
	return s
}

func (c *csvRows) Summary(*detect.Summary) error {
	if err := c.head(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}
