package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/query"
)

// oracle is rows as events: what the matcher of live events says of them is what a search has to find.
type oracle struct {
	events []*event.Event
	rows   []generated
}

func (o *oracle) add(g *generated) {
	row := generated{g.time, slices.Clone(g.names), slices.Clone(g.values)}
	e := &event.Event{Time: g.time, Origin: &event.Origin{}}
	format := &event.Format{}
	var names []string
	for i, n := range row.names {
		switch v := row.values[i]; n {
		case Message:
			e.Raw = v
		case Dataset:
			format.Name = v
		default:
			if v != "" && !slices.Contains(names, n) {
				names = append(names, n)
				e.Values = append(e.Values, event.Value{Kind: event.Text, Raw: v})
			}
		}
	}
	e.Shape = event.NewShape(format, names...)
	e.Shape.Transient = true
	o.events = append(o.events, e)
	o.rows = append(o.rows, row)
}

// matching returns the times of the rows that are meant, in order.
func (o *oracle) matching(q *query.Query) []int64 {
	var list []int64
	for _, e := range o.events {
		if q.Match(e) {
			list = append(list, e.Time)
		}
	}
	slices.Sort(list)
	return list
}

// difference says what a search found that it must not have, or the other way round.
func (o *oracle) difference(e engine, q *query.Query, got, want []int64) string {
	s, err := newSearch(context.Background(), e, q)
	if err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("%d rows, want %d; the engine was asked for %.300s, exact %v", len(got), len(want), s.filter.text, s.filter.exact)
	for _, r := range o.rows {
		if slices.Contains(got, r.time) != slices.Contains(want, r.time) {
			return text + fmt.Sprintf("; for example %q %q", r.names, r.values)
		}
	}
	return text
}

func parsed(tb testing.TB, text string) *query.Query {
	tb.Helper()
	q, err := query.Parse(text)
	if err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	return q
}

// timesOf returns the times of what a search hands out.
func timesOf(tb testing.TB, f finderOf, q *query.Query) []int64 {
	tb.Helper()
	var list []int64
	if err := f.Query(context.Background(), q, func(b *Block) error {
		for _, v := range columnOf(b, Time) {
			ns, ok := parseStamp(v)
			if !ok {
				tb.Fatalf("%q is no time", v)
			}
			list = append(list, ns)
		}
		return nil
	}); err != nil {
		tb.Fatalf("%s: %v", q, err)
	}
	return list
}

type finderOf interface {
	Query(context.Context, *query.Query, func(*Block) error) error
	Fields(context.Context, *query.Query) ([]Count, error)
	Values(context.Context, *query.Query, string, int) ([]Count, error)
}

// searches are conditions of every kind, on generated rows.
var searches = []string{
	"*", "failed", "Failed", "FAILED password", "fail*", "*ailed*", "*SSW0*", `"password for alice00"`, "alice00", "ALICE0?", "mimikatz", "*mimikatz*",
	"user.name:alice00", "user.name=Alice00", `user.name:="alice00"`, `user.name:="Alice00"`, "user.name=*0", "user.name:o'neil*", "user.name:JÜRGEN0*", "user.name=jürgen01",
	"EventID:4624", "EventID=4625", "EventID>4624", "EventID:[4624 TO 4672]", "EventID<=7", "4624", "ProcessId:4", "ProcessId:-4", "ProcessId=-4", "ProcessId<0", "ProcessId:>=-1",
	"source.ip:203.0.113.7", "203.0.113.7", "source.ip=203.0.113.7", "source.ip:203.0.113", "source.ip:10.1.0.0/16", "10.1.2.0/24", "source.ip:203.*", "source.ip:*.113.7", "source.ip:[10.0.0.0 TO 10.0.0.255]",
	"source.ip:::ffff:10.0.0.0/104", "http.status:404", "http.status:>=400 bytes:<1000", "duration:>2.5", "duration:[0.5 TO 0.50]", "duration=1.5*", "duration:5", "temperature:<-39.5", "temperature:>0 and temperature<0.5", "temperature:5",
	"url.path:*wp-login*", "url.path:wp-login.php", "url.path=/wp-login.php*", "/GET \\/wp-[a-z]+/", "/(?i)mimiKATZ/", "_msg:/(?i)connecting to db-[0-3]\\.host-00/", "_msg:/ to db-[0-3]\\.host-00/", "_msg:/(?i) from 10\\.1\\.2/", "_msg:/(?i) host-0/", "_msg:/ Connecting to d/", "http.host:/(?i)host-01.\\.EXAMPLE\\.o/", "bytes:/^1 /", "odd:/:2/", "odd:/-5\\.5/", "CommandLine:/(?i)invoke-m.*z/", "CommandLine:/ -Arg [0-9]{6}/", "level:/^(ERROR|Info)$/",
	`Image:C:\Windows\System32\cmd.exe`, `Image=C:\Windows\System32\CMD.exe`, "Image:*.exe", "Image=*.EXE", "process.name:powershell.exe", "Image:system32", "channel:security", "CHANNEL=security",
	"LogonId:0x*", "LogonId>0xfff0000", "level:error", "level=WARN", "not level:error dataset:app", "dataset:app -level:error", "dataset=nginx", "dataset:FIREWALL", "event.action:(allow or drop)", "event.action in (Allow, DENY)",
	"message:timeout", "_msg:\"db-3\"", "\"(attempt 3)\"", "when:2023", "when:>2023-11-20", "when:t22*", "when=2023-11-2*", "nosuchfield:x", "not nosuchfield:*", "LogonType:*", "not source.ip:* and user.name:*", "nosuchword", "a357e3d3a284a632", "A357E3D3A284A632", "flow.id=a357e3d3a284a632a357e3d3a284a632", "*-a0a0a0a0", "_msg:*", "not _msg:*",
	"host-001", "host-00?", "failed host-001", "failed or deny", "(failed or deny) and host-001", "not failed", "not (failed or deny)", "sshd.pid:1??", "log.file.path:/var/log/sshd.log", "_time:>=2026-03-10 failed", "_time:[2026-03-05 TO 2026-03-06] mimikatz",
	"not _time:>2026-03-03", "app.label3:*", "*:=\"ERROR\"", "*=error", "*:>60000000", "-", "rule:policy-1*", "rule:policy-1", "rule=policy-1", "flow.id:/^00/", "TargetUserName:/^bob/i", "(failed or not failed) alice00", "event.sequence=77",
}

func TestSearch(t *testing.T) {
	o := &oracle{}
	e := filled(t, 6000, 1, o.add)
	for _, text := range searches {
		q := parsed(t, text)
		got, want := timesOf(t, e, q), o.matching(q)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %s", text, o.difference(e, q, got, want))
		}
	}
}

func TestEdges(t *testing.T) {
	o := &oracle{}
	e := filled(t, 6000, 2, o.add)
	for _, text := range []string{"*", "failed", "mimikatz", "alice00", "url.path:*wp-login*", "nosuchword"} {
		for _, n := range []int{1, 7, 100, 3000, 10000} {
			want := o.matching(parsed(t, text))
			q := parsed(t, fmt.Sprintf("%s | tail %d", text, n))
			if got := timesOf(t, e, q); !slices.Equal(got, want[max(0, len(want)-n):]) {
				t.Errorf("%s: %d rows of %d", q, len(got), len(want))
			}
			q = parsed(t, fmt.Sprintf("%s | head %d", text, n))
			if got := timesOf(t, e, q); !slices.Equal(got, want[:min(n, len(want))]) {
				t.Errorf("%s: %d rows of %d", q, len(got), len(want))
			}
		}
	}
}

// randomCondition makes a condition of the words that generated rows hold.
func randomCondition(r *rand.Rand, depth int) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	if depth > 0 && r.IntN(3) > 0 {
		a, b := randomCondition(r, depth-1), randomCondition(r, depth-1)
		return pick("("+a+" or "+b+")", "("+a+" and "+b+")", "not ("+a+")", "("+a+" and not "+b+")")
	}
	field := pick("user.name", "source.ip", "EventID", "_msg", "Image", "bytes", "temperature", "ProcessId", "duration", "level", "rule", "CommandLine", "LogonId", "*", "when", "http.status", "nosuch", "odd", "odd", "odd")
	value := pick("9f86d081", "9F86D081", "alice00", "Bob0*", "203.0.113.4", "4624", "4*", "-4", "cmd.exe", "*.exe", "error", "Failed", "5", "0", "-1", "0x1*", "404", "policy-1", "policy-*", "10.1", "1.5", "0.5", "*a*b*", "?", "2023", "t1", "windows", "é", "jürgen00", "*3", "for", "00")
	if r.IntN(3) == 0 {
		value = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "*", pick("*", `\*`)).Replace(pick(odd...))
	}
	number := pick("0", "-1", "4", "4624", "100000", "0.5", "-0.1", "39.9")
	return pick(field+`:"`+value+`"`, field+`="`+value+`"`, field+`:="`+value+`"`, `"`+value+`"`, field+":>"+`"`+number+`"`, field+":<="+`"`+number+`"`, field+":/"+pick("^[0-9]+$", "(?i)a.*E", "0[0-9]", "Failed p", `\.exe`)+"/", field+":*", "_time:>=2026-03-0"+pick("3", "7"))
}

func TestSearchAtRandom(t *testing.T) {
	o := &oracle{}
	e := filled(t, 1500, 3, o.add)
	seed, rounds := uint64(5), 400
	if s := os.Getenv("TOCSIN_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
		rounds *= 10
	}
	r := rand.New(rand.NewPCG(seed, 5))
	for range rounds {
		text := strings.ReplaceAll(randomCondition(r, 3), "*:*", "level:*")
		q := parsed(t, text)
		if got, want := timesOf(t, e, q), o.matching(q); !slices.Equal(got, want) {
			t.Fatalf("%s: %s", text, o.difference(e, q, got, want))
		}
	}
}
