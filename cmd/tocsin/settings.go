package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tocsin-sec/tocsin/config"
)

// settings are the keys of the configuration file. Flags stand above them.
type settings struct {
	Rules        []string            `yaml:"rules"`        // places, as --rules takes them
	Pipelines    []string            `yaml:"pipelines"`    // files
	LogSources   string              `yaml:"logsources"`   // a file
	Placeholders map[string][]string `yaml:"placeholders"` // what rules mean by %name%
	Exclude      []string            `yaml:"exclude"`      // ids or titles of rules
	Level        string              `yaml:"level"`
	Status       string              `yaml:"status"`
	Timezone     string              `yaml:"timezone"`
	Jobs         int                 `yaml:"jobs"`
}

// loadSettings reads the configuration: the named file, else the user's, else the machine's, else none. Paths in it
// are relative to its own folder.
func loadSettings(path string) (*settings, error) {
	s := &settings{}
	candidates := []string{path}
	if path == "" {
		candidates = defaultSettings()
	}
	for _, p := range candidates {
		data, err := os.ReadFile(p)
		if errors.Is(err, fs.ErrNotExist) && path == "" {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the configuration: %w", err)
		}
		if err := config.Load(p, data, s); err != nil {
			return nil, err
		}
		s.anchor(filepath.Dir(p))
		break
	}
	return s, nil
}

// defaultSettings returns where the configuration is looked for.
func defaultSettings() []string {
	var list []string
	if dir, err := os.UserConfigDir(); err == nil {
		list = append(list, filepath.Join(dir, "tocsin", "config.yml"))
	}
	return append(list, filepath.Join("/etc", "tocsin", "config.yml"))
}

// anchor makes the paths relative to a folder.
func (s *settings) anchor(dir string) {
	at := func(p string) string {
		if p == "" || filepath.IsAbs(p) {
			return p
		}
		return filepath.Join(dir, p)
	}
	for i, p := range s.Rules {
		if !isPlaceName(p) {
			s.Rules[i] = at(p)
		}
	}
	for i, p := range s.Pipelines {
		s.Pipelines[i] = at(p)
	}
	s.LogSources = at(s.LogSources)
}
