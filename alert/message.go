package alert

import "time"

// Message is an incident as it is told: in reports, by the API. Times are in UTC.
type Message struct {
	Type     string           `json:"type"` // "incident"
	Key      string           `json:"key"`
	Score    int              `json:"score"` // 0 to 100
	Level    string           `json:"level" enum:"critical,high,medium,low,informational"`
	Title    string           `json:"title"`
	Sentence string           `json:"sentence"`
	First    time.Time        `json:"first,omitzero"`
	Last     time.Time        `json:"last,omitzero"`
	Seen     time.Time        `json:"seen,omitzero"`
	Updated  time.Time        `json:"updated,omitzero"`
	Alerts   int64            `json:"alerts"`
	Hits     int64            `json:"hits"`
	Events   int64            `json:"events"`
	Kind     string           `json:"kind" enum:"attack,attempts,minor"` // attempts: by anybody, at everybody
	Stages   []string         `json:"stages,omitempty"`
	Entities []Scored         `json:"entities"`
	Many     map[string]int64 `json:"many,omitempty"`
	Rules    []RuleMessage    `json:"rules"` // the gravest first

	Status  string    `json:"status" enum:"new,taken,snoozed,closed,merged"`
	Owner   string    `json:"owner,omitempty"`
	Verdict string    `json:"verdict,omitempty" enum:"malicious,expected,false-alarm"`
	Note    string    `json:"note,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	Decided time.Time `json:"decided,omitzero"`
	Again   bool      `json:"again,omitempty"`
	Case    string    `json:"case,omitempty"`
}

// RuleMessage is what one rule has to do with an incident, as it is told.
type RuleMessage struct {
	ID     string    `json:"id"`
	Title  string    `json:"title"`
	Level  string    `json:"level" enum:"critical,high,medium,low,informational"`
	Tags   []string  `json:"tags,omitempty"`
	First  time.Time `json:"first,omitzero"`
	Last   time.Time `json:"last,omitzero"`
	Alerts int64     `json:"alerts"`
	Hits   int64     `json:"hits"`
	Events int64     `json:"events"`
}

// Message is the incident as it is told at a time, nanoseconds since 1970.
func (i *Incident) Message(now int64) Message {
	m := Message{
		Type: "incident", Key: i.Key, Score: i.Score, Level: LevelName(i.Level), Title: i.Title, Sentence: i.Sentence,
		First: When(i.First), Last: When(i.Last), Seen: When(i.Seen), Updated: When(i.Updated), Alerts: i.Alerts, Hits: i.Hits,
		Events: i.Events, Kind: i.Kind(), Stages: i.Stages, Entities: i.Entities, Many: i.Many,
		Status: i.StatusAt(now), Owner: i.Owner, Verdict: i.Verdict, Note: i.Note, Until: When(i.Until), Decided: When(i.Decided),
		Again: i.Again, Case: i.Case,
	}
	ids := make(map[*RuleShare]string, len(i.Rules))
	for id, r := range i.Rules {
		ids[r] = id
	}
	for _, r := range i.ranked() {
		m.Rules = append(m.Rules, RuleMessage{
			ID: ids[r], Title: r.Title, Level: LevelName(r.Level), Tags: r.Tags, First: When(r.First), Last: When(r.Last),
			Alerts: r.Alerts, Hits: r.Hits, Events: r.Events,
		})
	}
	return m
}

// Kind tells what sort of incident it is: "attack", "attempts" (by anybody, at everybody) or "minor".
func (i *Incident) Kind() string {
	switch {
	case i.Attempts:
		return "attempts"
	case i.Background:
		return "minor"
	}
	return "attack"
}

// When is a time in nanoseconds since 1970; 0 is none.
func When(t int64) time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.Unix(0, t).UTC()
}
