package rules

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/tocsin-sec/tocsin/sigma"
)

// ruleText is a rule with its document as it stands in its file.
type ruleText struct {
	name RuleName
	text string
}

// addTexts adds the rules of one file to m, by id, or by title where a rule has none.
func addTexts(m map[string]ruleText, data []byte, rules []*sigma.Rule) {
	starts := make([]int, 0, len(rules))
	for _, r := range rules {
		starts = append(starts, r.Pos.Line)
	}
	slices.Sort(starts)
	lines := bytes.SplitAfter(data, []byte("\n"))
	for _, r := range rules {
		end := len(lines)
		if i, _ := slices.BinarySearch(starts, r.Pos.Line+1); i < len(starts) {
			end = starts[i] - 1
		}
		from := min(max(r.Pos.Line-1, 0), len(lines))
		text := bytes.Join(lines[from:max(from, min(end, len(lines)))], nil)
		key := r.ID
		if key == "" {
			key = r.Title
		}
		text = bytes.TrimRight(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), "-\n ")
		m[key] = ruleText{RuleName{ID: r.ID, Title: r.Title}, string(text)}
	}
}

// texts returns the rules of an installed version.
func (p Packs) texts(name, version string, opt sigma.LoadOptions) (map[string]ruleText, error) {
	files, err := gatherFolder(p.versionDir(name, version))
	if err != nil {
		return nil, err
	}
	c, err := pack(files, opt)
	if err != nil {
		return nil, err
	}
	return c.rules, nil
}

// compare notes which rules are new, changed and gone, each sorted by title.
func (res *Installed) compare(before, after map[string]ruleText) {
	res.New, res.Changed, res.Gone = []RuleName{}, []RuleName{}, []RuleName{}
	for key, a := range after {
		b, was := before[key]
		switch {
		case !was:
			res.New = append(res.New, a.name)
		case a.text != b.text:
			res.Changed = append(res.Changed, a.name)
		}
	}
	for key, b := range before {
		if _, is := after[key]; !is {
			res.Gone = append(res.Gone, b.name)
		}
	}
	for _, list := range [][]RuleName{res.New, res.Changed, res.Gone} {
		slices.SortFunc(list, func(a, b RuleName) int {
			return cmp.Or(cmp.Compare(a.Title, b.Title), cmp.Compare(a.ID, b.ID))
		})
	}
}
