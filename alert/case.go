package alert

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Case joins incidents that are investigated together, with what was done about them. Times are nanoseconds since 1970.
type Case struct {
	Key       string     `json:"key"`
	Title     string     `json:"title"`
	Summary   string     `json:"summary,omitempty"`
	Status    string     `json:"status" enum:"new,closed"` // New (open), Closed
	Verdict   string     `json:"verdict,omitempty" enum:"malicious,expected,false-alarm"`
	Owner     string     `json:"owner,omitempty"`
	Created   int64      `json:"created"`
	Updated   int64      `json:"updated"`
	Incidents []string   `json:"incidents,omitempty"`
	Tasks     []Task     `json:"tasks,omitempty"`
	Notes     []Note     `json:"notes,omitempty"`
	Evidence  []Evidence `json:"evidence,omitempty"`
}

// Task is something to be done about a case.
type Task struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	By   string `json:"by"`
	At   int64  `json:"at"`
	Done int64  `json:"done,omitempty"` // when; 0 is not yet
	Who  string `json:"who,omitempty"`  // that has done it
}

// Note is something that somebody has to say about a case.
type Note struct {
	At   int64  `json:"at"`
	By   string `json:"by"`
	Text string `json:"text"`
}

// Evidence is something that was kept as it was. What it is is kept beside, under its hash.
type Evidence struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // in hex
	Size   int64  `json:"size"`   // bytes
	From   string `json:"from"`   // where it was taken from
	By     string `json:"by"`
	At     int64  `json:"at"`
}

// Moment is one line of a merged timeline.
type Moment struct {
	Time int64  `json:"time"`
	Kind string `json:"kind"` // alert, event, note, task, evidence, decision, action
	Text string `json:"text"`
	Who  string `json:"who,omitempty"`
	Key  string `json:"key,omitempty"` // of what it tells of
	// Of an event: the kind of log that it stands in, such as linux-auth.
	Source string `json:"source,omitempty"`
}

// Bounds of a case.
const (
	MaxCaseItems = 1000    // of each kind
	MaxText      = 8 << 10 // bytes of a title, a note, a task, a reason
)

var errCaseFull = errors.New("the case holds " + strconv.Itoa(MaxCaseItems) + " of these already")

// NewCase makes a case.
func NewCase(title, owner string, now int64) *Case {
	return &Case{Key: hash("case", title, owner, strconv.FormatInt(now, 10)), Title: clip(title), Owner: owner, Status: New, Created: now, Updated: now}
}

// AddTask adds something to be done.
func (c *Case) AddTask(text, by string, now int64) error {
	if len(c.Tasks) >= MaxCaseItems {
		return errCaseFull
	}
	c.Tasks = append(c.Tasks, Task{ID: strconv.Itoa(len(c.Tasks) + 1), Text: clip(text), By: by, At: now})
	c.Updated = now
	return nil
}

// Finish says that a task is done, and tells whether there is such a one that was not.
func (c *Case) Finish(id, who string, now int64) bool {
	i := slices.IndexFunc(c.Tasks, func(t Task) bool { return t.ID == id })
	if i < 0 || c.Tasks[i].Done != 0 {
		return false
	}
	c.Tasks[i].Done, c.Tasks[i].Who, c.Updated = now, who, now
	return true
}

// AddNote adds what somebody has to say.
func (c *Case) AddNote(text, by string, now int64) error {
	if len(c.Notes) >= MaxCaseItems {
		return errCaseFull
	}
	c.Notes = append(c.Notes, Note{At: now, By: by, Text: clip(text)})
	c.Updated = now
	return nil
}

// AddEvidence adds something that was kept.
func (c *Case) AddEvidence(e Evidence) error {
	if len(c.Evidence) >= MaxCaseItems {
		return errCaseFull
	}
	e.ID = strconv.Itoa(len(c.Evidence) + 1)
	c.Evidence = append(c.Evidence, e)
	c.Updated = e.At
	return nil
}

// Join adds an incident, unless it is there already.
func (c *Case) Join(incident string, now int64) error {
	if slices.Contains(c.Incidents, incident) {
		return nil
	}
	if len(c.Incidents) >= MaxCaseItems {
		return errCaseFull
	}
	c.Incidents = append(c.Incidents, incident)
	c.Updated = now
	return nil
}

// Close closes the case with a verdict.
func (c *Case) Close(verdict string) error {
	if !slices.Contains(Verdicts[:], verdict) {
		return fmt.Errorf("verdict %.40q is none of malicious, expected, false-alarm", verdict)
	}
	c.Status, c.Verdict = Closed, verdict
	return nil
}

// Moments are what the case itself tells of, to be merged with its alerts.
func (c *Case) Moments() []Moment {
	out := []Moment{{Time: c.Created, Kind: "decision", Text: "case opened: " + c.Title, Who: c.Owner, Key: c.Key}}
	for _, n := range c.Notes {
		out = append(out, Moment{Time: n.At, Kind: "note", Text: n.Text, Who: n.By})
	}
	for _, t := range c.Tasks {
		out = append(out, Moment{Time: t.At, Kind: "task", Text: "to do: " + t.Text, Who: t.By})
		if t.Done != 0 {
			out = append(out, Moment{Time: t.Done, Kind: "task", Text: "done: " + t.Text, Who: t.Who})
		}
	}
	for _, e := range c.Evidence {
		out = append(out, Moment{Time: e.At, Kind: "evidence", Text: "kept " + e.Name + " from " + e.From + ", SHA-256 " + e.SHA256, Who: e.By, Key: e.SHA256})
	}
	return out
}

// Timeline merges moments in order of time.
func Timeline(parts ...[]Moment) []Moment {
	out := slices.Concat(parts...)
	slices.SortStableFunc(out, func(a, b Moment) int { return cmp.Compare(a.Time, b.Time) })
	return out
}

func clip(s string) string {
	if len(s) > MaxText {
		s = strings.ToValidUTF8(s[:MaxText], "")
	}
	return s
}
