package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// hit is a rule that describes an event.
type hit struct {
	rule  string // its id
	event int    // number of the event
}

// difference is a rule about which the engines disagree, with the events that only one of them found.
type difference struct {
	Rule, Title string
	Tocsin      []int // events that tocsin alone found
	Rsigma      []int // events that rsigma alone found
	Where       string
	Verdict     string // pySigma's, of the first event
	Cause       string
	Fault       string
}

// compare finds the hits of both engines on every event once, and what they disagree about.
func (b *bench) compare(c *inputs, r *result) error {
	titles := make(map[string]string)
	ours, err := b.ourHits(c, titles)
	if err != nil {
		return err
	}
	theirs, err := b.theirHits(c, titles)
	if err != nil {
		return err
	}
	r.Once, r.RsOnce = len(ours), len(theirs)
	refused, err := b.refused(c)
	if err != nil {
		return err
	}
	by := make(map[string]*difference)
	note := func(h hit, side func(*difference) *[]int) {
		d := by[h.rule]
		if d == nil {
			p := c.places[h.event]
			d = &difference{Rule: h.rule, Title: titles[h.rule], Where: fmt.Sprintf("%s, record %d", p.file, p.record)}
			by[h.rule] = d
		}
		list := side(d)
		*list = append(*list, h.event)
	}
	for h := range ours {
		if !theirs[h] {
			note(h, func(d *difference) *[]int { return &d.Tocsin })
		}
	}
	for h := range theirs {
		if !ours[h] {
			note(h, func(d *difference) *[]int { return &d.Rsigma })
		}
	}
	if err := b.judge(c, r, &found{ours, theirs, by, titles}); err != nil {
		return err
	}
	for _, d := range by {
		d.explain(refused)
		slices.Sort(d.Tocsin)
		slices.Sort(d.Rsigma)
		r.Diffs = append(r.Diffs, *d)
	}
	slices.SortFunc(r.Diffs, func(x, y difference) int { return strings.Compare(x.Rule, y.Rule) })
	return nil
}

// ourHits runs tocsin over the files as they are.
func (b *bench) ourHits(c *inputs, titles map[string]string) (map[hit]bool, error) {
	numbers := make(map[place][]int)
	for n, p := range c.places {
		numbers[p] = append(numbers[p], n)
	}
	var out bytes.Buffer
	cmd := b.hunt(c.rules, c.files...)
	cmd.Stdout = &out
	if _, err := cmd.Run(b.ctx, 1); err != nil {
		return nil, err
	}
	hits := make(map[hit]bool)
	seen := make(map[string]map[place]int)
	for line := range bytes.Lines(out.Bytes()) {
		var l struct {
			Type   string
			Rule   struct{ ID, Title string }
			File   string
			Record int64
		}
		if err := json.Unmarshal(line, &l); err != nil {
			return nil, fmt.Errorf("a line of tocsin: %w", err)
		}
		if l.Type != "hit" {
			continue
		}
		// Damaged files hold records of the same number twice: the first hit there is the first such event's.
		p := place{l.File, l.Record}
		if seen[l.Rule.ID] == nil {
			seen[l.Rule.ID] = make(map[place]int)
		}
		k := seen[l.Rule.ID][p]
		seen[l.Rule.ID][p]++
		if k >= len(numbers[p]) {
			return nil, fmt.Errorf("a hit of %s at an event that is not there: %v", l.Rule.ID, p)
		}
		hits[hit{l.Rule.ID, numbers[p][k]}] = true
		titles[l.Rule.ID] = l.Rule.Title
	}
	return hits, nil
}

// theirHits runs rsigma over the flat events.
func (b *bench) theirHits(c *inputs, titles map[string]string) (map[hit]bool, error) {
	var out bytes.Buffer
	cmd := b.eval(c.folder, c.exact, "-p", c.pipeline, "--include-event")
	cmd.Stdout = &out
	if _, err := cmd.Run(b.ctx, 0); err != nil {
		return nil, err
	}
	hits := make(map[hit]bool)
	for line := range bytes.Lines(out.Bytes()) {
		var l struct {
			RuleID    string `json:"rule_id"`
			RuleTitle string `json:"rule_title"`
			Event     struct{ N0 int }
		}
		if err := json.Unmarshal(line, &l); err != nil {
			return nil, fmt.Errorf("a line of rsigma: %w", err)
		}
		hits[hit{l.RuleID, l.Event.N0}] = true
		titles[l.RuleID] = l.RuleTitle
	}
	return hits, nil
}

// refused returns why tocsin refuses rules, by id.
func (b *bench) refused(c *inputs) (map[string]string, error) {
	set, err := loadRules(c.rules)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string)
	for _, d := range set.Errors() {
		data, err := os.ReadFile(d.File)
		if err != nil {
			return nil, err
		}
		out[ruleID(data)] = d.Message
	}
	return out, nil
}

// ruleID finds the id in a rule file.
func ruleID(data []byte) string {
	for line := range strings.Lines(string(data)) {
		if id, ok := strings.CutPrefix(line, "id:"); ok {
			return strings.TrimSpace(id)
		}
	}
	return ""
}

// found is what both engines found, and what they disagree about.
type found struct {
	ours, theirs map[hit]bool
	by           map[string]*difference
	titles       map[string]string
}

// judge asks pySigma about every hit that either engine found.
func (b *bench) judge(c *inputs, r *result, f *found) error {
	ours, theirs, by, titles := f.ours, f.theirs, f.by, f.titles
	if b.peers["pySigma"].Missing != "" {
		return nil
	}
	files, err := ruleFiles(c.rules)
	if err != nil {
		return err
	}
	lines, err := readLines(c.exact)
	if err != nil {
		return err
	}
	var asked []hit
	for h := range ours {
		asked = append(asked, h)
	}
	for h := range theirs {
		if !ours[h] {
			asked = append(asked, h)
		}
	}
	slices.SortFunc(asked, func(x, y hit) int { return strings.Compare(x.rule, y.rule)<<32 + x.event - y.event })
	var questions bytes.Buffer
	for _, h := range asked {
		rule, _ := json.Marshal(files[h.rule])
		fmt.Fprintf(&questions, "{\"rule\":%s,\"id\":%q,\"event\":%s}\n", rule, h.rule, bytes.TrimSpace(lines[h.event]))
	}
	if len(asked) == 0 {
		return nil
	}
	answers, err := b.askPySigma(questions.Bytes())
	if err != nil {
		return err
	}
	if len(answers) != len(asked) {
		return fmt.Errorf("pySigma answered %d of %d questions", len(answers), len(asked))
	}
	for i, h := range asked {
		agreed := ours[h] && theirs[h]
		if agreed && answers[i] == "true" {
			r.Judged++
		}
		if d := by[h.rule]; d != nil && !agreed && d.Verdict == "" {
			d.Verdict = answers[i]
		} else if agreed && answers[i] != "true" && d == nil {
			p := c.places[h.event]
			by[h.rule] = &difference{Rule: h.rule, Title: titles[h.rule], Where: fmt.Sprintf("%s, record %d", p.file, p.record), Verdict: answers[i], Cause: "pySigma alone sees no hit"}
		}
	}
	return nil
}

// ruleFiles returns the file of each rule, by the rule's id.
func ruleFiles(folders []string) (map[string]string, error) {
	files := make(map[string]string)
	for _, dir := range folders {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".yml" {
				return err
			}
			data, err := os.ReadFile(path)
			files[ruleID(data)] = path
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

func readLines(name string) ([][]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var lines [][]byte
	s := bufio.NewScanner(f)
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		lines = append(lines, bytes.Clone(s.Bytes()))
	}
	return lines, s.Err()
}

func (b *bench) askPySigma(questions []byte) ([]string, error) {
	cmd := exec.CommandContext(b.ctx, "python3", "-c", oracle)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+b.cache.python(), "PYTHONIOENCODING=utf-8")
	cmd.Stdin = bytes.NewReader(questions)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ask pySigma: %w: %s", err, stderr.String())
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n"), nil
}
