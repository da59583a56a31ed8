package notify

import (
	"strings"
	"testing"
	"time"
)

func TestDigestDue(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		name, hour, days, at, last string
		due                        bool
		next                       string
	}{
		{"before its hour", "07:30", "", "2026-07-15 07:29", "2026-07-14", false, "2026-07-15 07:30"},
		{"at its hour", "07:30", "", "2026-07-15 07:30", "2026-07-14", true, "2026-07-16 07:30"},
		{"after it, and sent", "07:30", "", "2026-07-15 07:31", "2026-07-15", false, "2026-07-16 07:30"},
		{"late, after a time without power", "07:30", "", "2026-07-15 22:00", "2026-07-14", true, "2026-07-16 07:30"},
		{"the first ever, in time", "07:30", "", "2026-07-15 07:45", "", true, "2026-07-16 07:30"},
		{"the first ever, hours late", "07:30", "", "2026-07-15 15:00", "", false, "2026-07-16 07:30"},
		{"not on Saturdays", "07:30", "Mon-Fri", "2026-07-18 08:00", "2026-07-17", false, "2026-07-19 07:30"},
		{"an hour that does not come", "02:30", "", "2026-03-29 03:30", "2026-03-28", true, "2026-03-30 02:30"},
		{"before an hour that does not come", "02:30", "", "2026-03-29 01:59", "2026-03-28", false, "2026-03-29 03:30"},
		{"the clock was two days ahead", "07:30", "", "2026-07-15 07:45", "2026-07-17", false, "2026-07-16 07:30"},
		{"the clock was a year ahead", "07:30", "", "2026-07-15 07:45", "2027-07-17", true, "2026-07-16 07:30"},
	} {
		d := directoryOf(t, Config{Digest: DigestConfig{To: []string{"a"}, At: c.hour, Days: c.days, Zone: "Europe/Berlin"}})
		due, day, next := d.digest.due(at(c.at), c.last)
		if due != c.due || day != c.at[:10] || !next.Equal(at(c.next)) {
			t.Errorf("%s: %v of %s, next %v; want %v, next %s", c.name, due, day, next.In(berlin), c.due, c.next)
		}
	}
	// The hour that comes twice brings one.
	d := directoryOf(t, Config{Digest: DigestConfig{To: []string{"a"}, At: "02:30", Zone: "Europe/Berlin"}}).digest
	last, sent := "2026-10-24", 0
	for now := at("2026-10-25 00:00"); now.Before(at("2026-10-26 00:00")); now = now.Add(time.Minute) {
		if due, day, _ := d.due(now, last); due {
			last = day
			sent++
		}
	}
	if sent != 1 {
		t.Errorf("%d mails on the day of 25 hours", sent)
	}
}

func TestDigest(t *testing.T) {
	inTime(t, "once a day, over restarts", func(t *testing.T) {
		o := newOffice(t, Config{Digest: DigestConfig{To: []string{"a"}, At: "07:30", Zone: "UTC"}})
		o.pass(8 * time.Hour)
		o.want("a", "digest -")
		if m := o.boxes["a"].taken[0]; m.Title != "Saturday, 1 January 2000: all quiet" || m.What != "Nothing asks for your attention." {
			t.Errorf("%+v", m)
		}
		for range 3 {
			o.stop()
			o.start()
			o.pass(time.Minute)
		}
		o.want("a", "digest -")
		grave, noise := newIncident("grave", Critical), newIncident("noise", Critical)
		noise.Background, noise.Score = true, 99
		o.desk.put(newIncident("1", High), newIncident("2", Medium), newIncident("3", Medium), grave, newIncident("4", Low), newIncident("5", Low), noise)
		o.day = Day{Events: 12345, Blocked: []string{"block 203.0.113.9: done"}, Silent: []string{"web1 says nothing since 03:00"}, Held: []string{evil}}
		o.pass(24 * time.Hour)
		o.want("a", "digest -, digest -")
		m := o.boxes["a"].taken[1]
		if m.Severity != "critical" || len(m.Items) != topItems || m.Items[0].Title != "title of grave" || m.More != 2 || !strings.Contains(m.Title, "4 incidents to look at") ||
			!strings.Contains(m.Who, "12,345 events came in; 7 incidents open") || len(m.Sections) != 3 {
			t.Errorf("%+v", m)
		}
		text, err := htmlOf(&m)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"203.0.113.9", "web1 says nothing", "title of grave"} {
			if !strings.Contains(text, want) || !strings.Contains(mailText(&m), want) {
				t.Errorf("%q is missing in %s", want, mailText(&m))
			}
		}
		if strings.Contains(text, "<script") {
			t.Error(text)
		}
		o.stop()
	})
	inTime(t, "not where all is quiet", func(t *testing.T) {
		o := newOffice(t, Config{Digest: DigestConfig{To: []string{"a"}, At: "07:30", Zone: "UTC", Quiet: "no"}})
		o.pass(24 * time.Hour)
		o.want("a", "")
		o.day.Silent = []string{"web1"}
		o.pass(24 * time.Hour)
		o.want("a", "digest -")
		o.stop()
	})
}
