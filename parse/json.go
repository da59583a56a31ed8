package parse

import (
	"fmt"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// JSON is everything whose records are JSON objects (RFC 8259).
var JSON = &Format{
	Name: "json",
	Doc: "JSON objects as lines, one after another, pretty-printed, in arrays or in wrappers such as {\"Records\":[…]}. " +
		"Windows events of any exporter or shipper, CloudTrail, Suricata, Zeek, Kubernetes, Azure, Okta and others get the names " +
		"that rules use; any other object keeps its own, nested ones joined by dots.",
	Example: `{"EventTime":"2024-03-03T09:12:44.120Z","Hostname":"ws7.example.com","SourceName":"Microsoft-Windows-Sysmon",` +
		`"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Image":"C:\\Windows\\System32\\whoami.exe","CommandLine":"whoami /all"}` + "\n" +
		`{"eventVersion":"1.09","eventTime":"2024-03-03T09:13:01Z","eventSource":"iam.amazonaws.com","eventName":"CreateAccessKey",` +
		`"awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.7","userIdentity":{"type":"IAMUser","userName":"anna"}}` + "\n",
	Detect:      detectJSON,
	NewSplitter: func() Splitter { return &jsonSplitter{} },
	NewParser:   func(e *Env) Parser { return newJSONParser(e) },
}

// detectJSON is sure of an object at the start that is whole or reaches to the end of head, and less so of objects that
// begin most of the lines: a file may begin in the middle of a record.
func detectJSON(head string) int {
	i := jsonGap(head, 0)
	for i < len(head) && head[i] == '[' && opensArray(head, i) == 1 {
		i = jsonGap(head, i+1)
	}
	if objectBegins(head, i) {
		end := jsonWhole(head, i)
		if end > 0 || end == jsonShort && len(head)-i > 512 {
			return 95
		}
		if end == jsonShort {
			return 80
		}
	}
	whole, lines := 0, 0
	for rest := head; rest != "" && lines < 64; {
		line, after, found := strings.Cut(rest, "\n")
		rest = after
		if !found && lines > 0 {
			break // cut off perhaps
		}
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		lines++
		if objectBegins(line, 0) && jsonSkip(line, 0, false) == len(line) {
			whole++
		}
	}
	if whole == 0 || 2*whole < lines {
		return 0
	}
	return 90 * whole / lines
}

func jsonWhole(s string, i int) int {
	end := jsonSkip(s, i, true)
	if end == jsonBroken {
		return 0
	}
	return end
}

// objectBegins tells whether s[i:] begins as an object with a member does, or is an empty one.
func objectBegins(s string, i int) bool {
	if i >= len(s) || s[i] != '{' {
		return false
	}
	if i = jsonSpace(s, i+1); i >= len(s) || s[i] != '"' {
		return i < len(s) && s[i] == '}'
	}
	end, _ := jsonStringEnd(s, i+1)
	if end < 0 || strings.IndexByte(s[i:end], '\n') >= 0 {
		return false
	}
	i = jsonSpace(s, end+1)
	return i < len(s) && s[i] == ':'
}

// jsonParser parses blocks of JSON records.
type jsonParser struct {
	env     *Env
	root    *jsonNode
	nodes   int
	walk    jsonWalk
	lines   *lineParser // for what is no JSON
	said    said        // what a message in the journal says
	audits  []carriedAudit
	carried *lineReader   // of lines within records; made when the first is seen
	relay   *journalRelay // of records within messages of the journal; made when the first is seen
	within  bool          // what this parser reads is such a line

	block   event.Block
	out     *event.Batch
	nest    jsonNest
	regions jsonRegions

	faults    int // records of this block that could not be read, or not all of them
	lastFault int // where the last of them begins

	lineEnd int   // of the line that is being read, in the block
	line    int64 // its number
}

func newJSONParser(e *Env) *jsonParser {
	return &jsonParser{env: e, root: &jsonNode{}, lines: &lineParser{env: e, dialect: plainText, fields: fieldShapes{env: e}}}
}

// Parse implements Parser.
func (p *jsonParser) Parse(b event.Block, out *event.Batch) {
	p.block, p.out, p.nest, p.regions = b, out, jsonNest{}, jsonRegions{}
	p.lines.years.use(b.Origin)
	p.lineEnd, p.line = -1, b.First-1
	p.faults = 0
	s := b.Data
	for i := 0; ; {
		if i = jsonGap(s, i); i >= len(s) {
			break
		}
		switch s[i] {
		case '{':
			i = p.record(i)
		case ']':
			if i = p.nest.close(s, i); i < 0 {
				i = len(s)
			}
		case '[':
			if opensArray(s, i) == 1 {
				i++
				break
			}
			fallthrough
		default:
			p.locate(i)
			i = p.text(i, p.regions.end(s, i, p.lineEnd, true))
		}
	}
	if p.faults > jsonMaxFaults {
		p.out.Fail(b.Origin, b.Offset+int64(p.lastFault), fmt.Sprintf("%d more records before this one could not be read well", p.faults-jsonMaxFaults))
	}
	p.endAudits()
	p.carried.forget()
	if p.relay != nil {
		p.relay.end()
	}
	p.block, p.out, p.walk.s = event.Block{}, nil, ""
	clear(p.walk.values)
}

// jsonMaxFaults is how many records of one block are reported each on its own.
const jsonMaxFaults = 16

// fault reports that the record at the block's byte i could not be read, or not all of it.
func (p *jsonParser) fault(i int, why string) {
	if p.faults++; p.faults <= jsonMaxFaults {
		p.out.Fail(p.block.Origin, p.block.Offset+int64(i), why)
	}
	p.lastFault = i
}

// locate moves to the line of s[i].
func (p *jsonParser) locate(i int) {
	if i <= p.lineEnd {
		return
	}
	s := p.block.Data
	p.line += 1 + int64(strings.Count(s[p.lineEnd+1:i], "\n"))
	p.lineEnd = lineEnd(s, i)
}

// record reads the object at the block's byte i and returns where reading goes on.
func (p *jsonParser) record(i int) int {
	p.locate(i)
	if p.nodes > jsonMaxNodes {
		p.root, p.nodes = &jsonNode{}, 0
	}
	n, end := p.read(i, p.nest.n == len(p.nest.open))
	if p.walk.wrapper {
		if in, depth := jsonWrapper(p.block.Data, i); in > 0 {
			p.nest.push(depth)
			return in
		}
		n, end = p.read(i, true)
	}
	if end < 0 {
		why := p.walk.broken
		end = p.regions.end(p.block.Data, i, p.lineEnd, true)
		p.fault(i, why)
		p.brokenRecord(p.block.Data[i:end])
		return end
	}
	if end-i > event.MaxRecord {
		p.fault(i, "record longer than 16 MiB")
		return end
	}
	if p.walk.dropped {
		p.fault(i, "a record has more than 4096 fields; those after them are not read")
	}
	if n.plan == nil {
		n.plan = newJSONPlan(n.names(), &p.env.Shapes)
		p.nodes += len(n.plan.shape.Fields())
	}
	p.emit(n.plan, i, end)
	return end
}

// read walks the object at i: within its line, which is where most objects end, and where it does not, across lines.
func (p *jsonParser) read(i int, whole bool) (*jsonNode, int) {
	s := p.block.Data
	values := p.walk.values[:0]
	p.walk = jsonWalk{s: s[:p.lineEnd], whole: whole, values: values}
	n, end := p.object(i, p.root, 1)
	if end == jsonShort && p.lineEnd < len(s) && !p.regions.exhausted() {
		p.walk = jsonWalk{s: s, lines: true, whole: whole, values: p.walk.values[:0]}
		n, end = p.object(i, p.root, 1)
	}
	return n, end
}

// emit makes the event of the record in p.walk, which is the block from start to end.
func (p *jsonParser) emit(plan *jsonPlan, start, end int) {
	if plan.skip {
		return
	}
	if plan.audit != nil && p.auditDocument(plan, start, end) {
		return
	}
	if plan.flows && p.flowRecord(start, end) {
		return
	}
	if plan.carrier != nil && p.carry(plan, start, end) {
		return
	}
	shape := plan.shape
	if plan.journal != nil {
		if shape = p.journalShape(plan); shape == nil {
			e := &p.out.Events[len(p.out.Events)-1]
			e.Raw, e.Origin, e.Record = p.block.Data[start:end], p.block.Origin, p.line
			return
		}
	}
	e := p.out.Add(shape)
	if plan.order == nil {
		copy(e.Values, p.walk.values)
	} else {
		for k, from := range plan.order {
			if from >= 0 {
				e.Values[k] = p.walk.values[from]
			}
		}
	}
	if plan.journal != nil && p.said.kind != nil {
		copy(e.Values[len(plan.shape.Fields()):], p.said.values[:len(p.said.kind.names)])
	}
	e.Raw = p.block.Data[start:end]
	e.Origin, e.Record = p.block.Origin, p.line
	e.Time = plan.time(e.Values, p.block.Origin.Zone)
	if plan.finish != nil {
		plan.finish(p, plan, e)
	}
	if plan.derived.set != nil {
		plan.derived.set(&plan.derived, e.Values)
	}
	if plan.fixed != nil {
		e.Values[plan.maker[0]], e.Values[plan.maker[1]] = textValue(plan.fixed.vendor), textValue(plan.fixed.product)
	}
}

// text makes events of the lines of the block from start to end, which are no JSON.
func (p *jsonParser) text(start, end int) int {
	for i := start; i < end; {
		p.locate(i)
		stop := min(p.lineEnd, end)
		if line := strings.TrimSpace(p.block.Data[i:stop]); line != "" && len(line) <= event.MaxRecord {
			p.plain(line)
		}
		i = stop + 1
	}
	return end
}

// brokenRecord makes an event of the text of an object that cannot be read, for the rules that look for words.
func (p *jsonParser) brokenRecord(s string) {
	if s = strings.TrimSpace(s); len(s) <= event.MaxRecord {
		e := p.out.Add(textShape)
		e.Values[0] = textValue(s)
		e.Raw, e.Origin, e.Record = s, p.block.Origin, p.line
	}
}

// plain makes events of a line that is no JSON as of a line of any other text file.
func (p *jsonParser) plain(line string) {
	first := len(p.out.Events)
	p.lines.line(line, p.out)
	for i := first; i < len(p.out.Events); i++ {
		e := &p.out.Events[i]
		e.Origin, e.Record = p.block.Origin, p.line
		if e.Raw == "" {
			e.Raw = line
		}
	}
}
