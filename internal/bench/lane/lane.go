// Package lane holds the inputs by which tocsin is measured, alone and beside other engines, and runs commands over
// them. The inputs are the reference data that stand beside the repository, repeated until a run takes long enough to
// be measured; they are written to a folder of their own and used again by the next run.
package lane

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Lane is one kind of input with the rules for it.
type Lane struct {
	Key     string
	Title   string
	Folders []string // of the reference data
	Suffix  string   // of the files taken from there
	Join    bool     // repeat by making one file of all; the chunks of EVTX always make one file; else files are copied
	Repeat  int      // how often for a run whose speed is measured
	Rules   []string // folders of rules, of the reference data
	Make    func() []byte
}

// The rule folders of the reference data.
var (
	all = []string{
		"sigma/rules", "sigma/rules-emerging-threats", "sigma/rules-threat-hunting", "sigma/rules-compliance",
	}
	windows = []string{"sigma/rules/windows", "sigma/rules-emerging-threats", "sigma/rules-threat-hunting/windows"}
	linux   = []string{"sigma/rules/linux", "sigma/rules-threat-hunting/linux"}
	cloud   = []string{"sigma/rules/cloud", "sigma/rules-threat-hunting/cloud"}
)

// Lanes are all lanes.
var Lanes = []*Lane{
	{Key: "json", Title: "recorded attacks as JSON lines, Sysmon for the most part", Folders: []string{"security-datasets"}, Suffix: ".json", Join: true, Repeat: 60, Rules: windows},
	{Key: "attack", Title: "EVTX of attacks, half of whose records hit", Folders: []string{"evtx-to-mitre"}, Suffix: ".evtx", Repeat: 60, Rules: all},
	{Key: "benign", Title: "EVTX of ordinary machines", Folders: []string{"omerbenamram-evtx", "velocidex-evtx"}, Suffix: ".evtx", Repeat: 40, Rules: all},
	{Key: "security", Title: "Security event logs, dense", Folders: []string{"omerbenamram-evtx/samples"}, Suffix: "ecurity.evtx", Repeat: 300, Rules: all},
	{Key: "linux", Title: "syslog of a Linux host", Folders: []string{"elastic-examples/Machine Learning"}, Suffix: "auth.log", Join: true, Repeat: 300, Rules: linux},
	{Key: "cloudtrail", Title: "CloudTrail", Folders: []string{"stratus-red-team"}, Suffix: ".json", Join: true, Repeat: 1000, Rules: cloud},
	{Key: "nothing", Title: "process creations in which nothing matches, as JSON lines", Join: true, Repeat: 30, Rules: windows, Make: makeQuiet},
}

// Data returns the folder of the reference data: $TOCSIN_DATA, or ../shared/data.
func Data() (string, error) {
	dir := os.Getenv("TOCSIN_DATA")
	if dir == "" {
		dir = filepath.Join("..", "shared", "data")
	}
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("the reference data is not here: %w", err)
	}
	return dir, nil
}

// Place is where inputs are kept.
type Place struct {
	Data string // the reference data
	Work string // inputs that are made
}

// Once returns the files of a lane as they are.
func (p Place) Once(l *Lane) ([]string, error) {
	if l.Make != nil {
		name := filepath.Join(p.Work, l.Key+".once", l.Key+".json")
		return []string{name}, writeOnce(name, l.Make)
	}
	var files []string
	for _, folder := range l.Folders {
		err := filepath.WalkDir(filepath.Join(p.Data, filepath.FromSlash(folder)), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && strings.HasSuffix(path, l.Suffix) {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(files)
	if len(files) == 0 {
		return nil, fmt.Errorf("no files for %s", l.Key)
	}
	return files, nil
}

// Often returns a folder with the files of a lane, repeated.
func (p Place) Often(l *Lane) (string, error) {
	files, err := p.Once(l)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(p.Work, fmt.Sprintf("%s-%d", l.Key, l.Repeat))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	tmp := dir + ".part"
	if err := os.RemoveAll(tmp); err != nil {
		return "", err
	}
	switch {
	case l.Suffix != "" && filepath.Ext(files[0]) == ".evtx":
		err = JoinChunks(filepath.Join(tmp, l.Key+".evtx"), files, l.Repeat)
	case l.Join:
		err = Join(filepath.Join(tmp, l.Key+filepath.Ext(l.Suffix)), files, l.Repeat)
	default:
		err = copyOften(tmp, files, l.Repeat)
	}
	if err != nil {
		return "", err
	}
	return dir, os.Rename(tmp, dir)
}

// Rulesets returns the folders of a lane's rules.
func (p Place) Rulesets(l *Lane) []string {
	out := make([]string, len(l.Rules))
	for i, r := range l.Rules {
		out[i] = filepath.Join(p.Data, filepath.FromSlash(r))
	}
	return out
}

// Join makes one file of all files, n times one after the other.
func Join(name string, files []string, n int) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	defer out.Close()
	for range n {
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				return err
			}
			if !bytes.HasSuffix(data, []byte("\n")) {
				data = append(data, '\n')
			}
			if _, err := out.Write(data); err != nil {
				return err
			}
		}
	}
	return out.Close()
}

func copyOften(dir string, files []string, n int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for i, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		for k := range n {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d-%03d%s", k, i, filepath.Ext(f))), data, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeOnce(name string, content func() []byte) error {
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, content(), 0o644)
}
