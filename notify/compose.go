package notify

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// composer makes messages of incidents.
type composer struct {
	link string
	zone *time.Location
}

// message is what is told of one incident.
func (c *composer) message(now time.Time, kind, why string, i *Incident) Message {
	m := Message{
		Thread: i.Key, Kind: kind, Severity: LevelName(i.Level), Title: clean(i.Title, maxTitle), Sentence: clean(i.Sentence, maxSentence),
		Why: clean(why, maxLine), Link: c.linkTo(i.Key, i.Tenant), Command: command(i), Tenant: clean(i.Tenant, maxName), Status: i.statusAt(now),
		Owner: clean(i.Owner, maxName), Score: i.Score, Count: i.Count, At: now, From: i.First, Until: i.Last,
	}
	if m.Title == "" {
		m.Title = ifEmpty(cut(m.Sentence, maxTitle), "an incident without a title")
	}
	m.What = ifEmpty(m.Sentence, m.Title)
	for _, e := range i.Entities[:min(len(i.Entities), maxEntities)] {
		m.Entities = append(m.Entities, Entity{clean(e.Kind, maxName), clean(e.Name, maxName)})
	}
	for _, t := range i.Tactics[:min(len(i.Tactics), maxStages)] {
		m.Tactics = append(m.Tactics, clean(t, maxName))
	}
	for _, n := range i.Next[:min(len(i.Next), maxNext)] {
		m.Next = append(m.Next, clean(n, maxLine))
	}
	if kind == Resolved && i.Note != "" {
		m.Why = clean(ifEmpty(m.Why, "closed")+": "+i.Note, maxLine)
	}
	m.Who = c.who(&m, i)
	return m
}

// who is the second line: to whom it happened, and how sure that is.
func (c *composer) who(m *Message, i *Incident) string {
	var names []string
	for _, e := range m.Entities[:min(len(m.Entities), 4)] {
		names = append(names, strings.TrimSpace(e.Kind+" "+e.Name))
	}
	if more := len(i.Entities) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	parts := []string{}
	if len(names) > 0 {
		parts = append(parts, strings.Join(names, ", "))
	}
	if m.Tenant != "" {
		parts = append(parts, "tenant "+m.Tenant)
	}
	if i.Sure != "" {
		parts = append(parts, clean(i.Sure, maxName))
	}
	if i.Score > 0 {
		parts = append(parts, fmt.Sprintf("score %d of 100", i.Score))
	}
	if i.Count > 0 {
		parts = append(parts, plural(i.Count, "event"))
	}
	if p := period(i.First, i.Last, c.zone); p != "" {
		parts = append(parts, p)
	}
	return shorten(strings.Join(parts, " · "), maxWho+maxLine)
}

// command is what shows the incident on the machine.
func command(i *Incident) string {
	if i.Key == "" || strings.ContainsFunc(i.Key, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_./", r))
	}) {
		return "tocsin alerts"
	}
	text := "tocsin show " + i.Key
	if i.Tenant != "" && i.Tenant != "main" && !strings.ContainsAny(i.Tenant, " '\"\\$`;&|<>\n") {
		text += " --tenant " + i.Tenant
	}
	return text
}

func (c *composer) linkTo(key, tenant string) string {
	if c.link == "" {
		return ""
	}
	if !strings.Contains(c.link, "{key}") {
		return strings.TrimRight(c.link, "/") + "/queue/" + url.PathEscape(key)
	}
	return strings.NewReplacer("{key}", url.PathEscape(key), "{tenant}", url.QueryEscape(tenant)).Replace(c.link)
}

// group is one message about several incidents: the gravest first.
func (c *composer) group(now time.Time, kind string, list []*Incident) Message {
	list = slices.Clone(list)
	slices.SortStableFunc(list, gravest)
	m := Message{Kind: kind, Severity: LevelName(list[0].Level), At: now, Tenant: clean(list[0].Tenant, maxName)}
	m.Title = fmt.Sprintf("%s, the gravest: %s", plural(int64(len(list)), "incident"), clean(list[0].Title, maxTitle))
	m.What = m.Title
	for _, i := range list {
		if m.From.IsZero() || i.First.Before(m.From) {
			m.From = i.First
		}
		if i.Last.After(m.Until) {
			m.Until = i.Last
		}
		m.Count += i.Count
		if len(m.Items) == maxItems {
			m.More++
			continue
		}
		m.Items = append(m.Items, c.item(now, i))
	}
	m.Who = fmt.Sprintf("%s, %s", plural(m.Count, "event"), period(m.From, m.Until, c.zone))
	m.Command = "tocsin alerts"
	if c.link != "" && !strings.Contains(c.link, "{key}") {
		m.Link = c.link
	}
	return m
}

// item is a line about one incident.
func (c *composer) item(now time.Time, i *Incident) Item {
	m := c.message(now, Firing, "", i)
	return Item{Severity: m.Severity, Title: m.Title, Who: shorten(m.Who, maxWho), Link: m.Link}
}

// gravest is the order in which people look at incidents.
func gravest(a, b *Incident) int {
	switch {
	case a.Level != b.Level:
		return b.Level - a.Level
	case a.Score != b.Score:
		return b.Score - a.Score
	case !a.Last.Equal(b.Last):
		return b.Last.Compare(a.Last)
	}
	return strings.Compare(a.Key, b.Key)
}

// TestMessage is what tocsin notify test sends: it says that it is no alarm.
func TestMessage(now time.Time, host, route string) Message {
	return Message{
		ID: "test-" + hash(host, route, now.UTC().Format(time.RFC3339Nano)), Kind: Test, Severity: LevelName(Informational), First: true, At: now,
		Title: "this is a test, not an alarm", What: "Somebody ran tocsin notify test on " + clean(host, maxName) + ", and this way of telling works.",
		Who: "Nothing has happened, and there is nothing to do.", Command: "tocsin notify list", Why: "a test of " + clean(route, maxName),
	}
}
