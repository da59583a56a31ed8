package config

import (
	"cmp"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Document is a file that was read, as far as it is needed to say where something stands in it.
type Document struct{ *reader }

// Fail notes a mistake in what stands at a path such as "inputs.syslog[0].listen"; where nothing stands there, at the
// nearest key above it. The message is one line without a full stop; the hint may be "".
func (d *Document) Fail(path, hint, format string, args ...any) {
	n := d.nodes[path]
	for n == nil && path != "" {
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
		n = d.nodes[path]
	}
	if n == nil {
		n = &yaml.Node{}
	}
	d.fail(n, hint, format, args...)
}

// FailSecret notes that a secret stands at a path, whose line is then shown with no mistake.
func (d *Document) FailSecret(path, hint string) {
	if n := d.nodes[path]; n != nil {
		d.secrets[n.Line] = true
	}
	d.Fail(path, hint, "a secret does not belong into this file")
}

// Err returns all mistakes so far, in the order of the lines; nil where there are none.
func (d *Document) Err() error {
	if len(d.mistakes) == 0 {
		return nil
	}
	for _, m := range d.mistakes {
		if d.secrets[m.Line] {
			m.Source = ""
		}
	}
	slices.SortStableFunc(d.mistakes, func(a, b *Mistake) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col)) })
	return d.mistakes
}

// secret sees to it that a secret does not stand in the file.
func (r *reader) secret(n *yaml.Node, v reflect.Value) {
	if v.Kind() != reflect.String || v.String() == "" {
		return
	}
	if s := v.String(); !strings.HasPrefix(s, "env:") && !strings.HasPrefix(s, "file:") {
		v.SetString("")
		hidden := *n
		hidden.Line, hidden.Value = n.Line, ""
		r.secrets[n.Line] = true
		r.fail(&hidden, "write env:NAME or file:/path, and put the secret there", "a secret does not belong into this file")
	}
}

// maxSecret bounds a file that holds a secret, in bytes.
const maxSecret = 64 << 10

// Secret returns the secret that a field with the tag `secret:"true"` leads to: the value of an environment variable, or
// the content of a file without the white space around it. "" leads to "".
func Secret(ref string) (string, error) {
	if ref == "" {
		return "", nil
	}
	if name, ok := strings.CutPrefix(ref, "env:"); ok {
		v, set := os.LookupEnv(name)
		if !set || v == "" {
			return "", fmt.Errorf("the environment variable %s is not set", name)
		}
		return v, nil
	}
	name, ok := strings.CutPrefix(ref, "file:")
	if !ok {
		return "", fmt.Errorf("a secret must be given as env:NAME or file:/path")
	}
	info, err := os.Stat(name)
	if err != nil {
		return "", fmt.Errorf("read a secret: %w", err)
	}
	if info.Size() > maxSecret {
		return "", fmt.Errorf("read a secret: %s has more than %d bytes", name, maxSecret)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("read a secret: %w", err)
	}
	s := strings.TrimSpace(string(text))
	if s == "" {
		return "", fmt.Errorf("read a secret: %s is empty", name)
	}
	return s, nil
}
