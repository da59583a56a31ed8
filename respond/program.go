package respond

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// Program is an operator's own program. It gets its argument vector as it stands here, never through a shell, and on its
// standard input one object: the kind, the target, who asked, and why.
type Program struct {
	Command []string      `json:"command" yaml:"command" doc:"The program, with its whole path, and its arguments." example:"[/usr/local/bin/page-oncall, --team, security]"`
	Undo    []string      `json:"undo,omitempty" yaml:"undo" doc:"What takes it back; without it, it cannot be undone."`
	Timeout time.Duration `json:"timeout,omitempty" yaml:"timeout" doc:"After how long it is ended." default:"30s"`
}

// maxOutput is how much of what a program prints is kept, in bytes.
const maxOutput = 16 << 10

var ownName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,40}$`)

// namedTarget reads "NAME about what": the name of a setting, and a text that goes to it as data.
func namedTarget(kind, target string) (name, about string, err error) {
	name, about, _ = strings.Cut(target, " ")
	if !ownName.MatchString(name) {
		return "", "", fmt.Errorf("%s: %.40q is no name: write the name from tocsin.yml, and behind it what it is about", kind, name)
	}
	if len(about) > 2048 || !utf8.ValidString(about) || strings.ContainsAny(about, "\x00\r\n") {
		return "", "", fmt.Errorf("%s: what it is about has at most 2048 bytes in one line", kind)
	}
	return name, about, nil
}

func namedCheck(kind string) func(string, map[string]string) (string, error) {
	return func(target string, params map[string]string) (string, error) {
		if _, _, err := namedTarget(kind, target); err != nil {
			return "", err
		}
		for name, v := range params {
			if !ownName.MatchString(name) || len(v) > 8192 || !utf8.ValidString(v) {
				return "", fmt.Errorf("%s: parameter %.40q: a name has small letters and digits, and a value at most 8192 bytes", kind, name)
			}
		}
		return target, nil
	}
}

var programKind = Kind{
	Name: "program", Doc: "Run a program of your own, named in tocsin.yml, with an object on its standard input.", Example: "page-oncall 203.0.113.7", Lasts: true,
	Check: namedCheck("program"),
	Do: func(ctx context.Context, h *Hands, d *Deed) (Outcome, error) {
		p, err := h.Tools.program(d)
		if err != nil {
			return Outcome{}, err
		}
		out, err := p.run(ctx, p.Command, "do", d)
		return Outcome{Result: out}, err
	},
	Undo: func(ctx context.Context, h *Hands, d *Deed) error {
		p, err := h.Tools.program(d)
		if err != nil || len(p.Undo) == 0 {
			return err
		}
		_, err = p.run(ctx, p.Undo, "undo", d)
		return err
	},
	Unprivileged: true,
}

func (t *Tools) program(d *Deed) (Program, error) {
	name, _, err := namedTarget(d.Kind, d.Target)
	if err != nil {
		return Program{}, err
	}
	p, ok := t.Programs[name]
	if !ok || len(p.Command) == 0 {
		return Program{}, fmt.Errorf("there is no program %s in tocsin.yml: %w", name, errFinal)
	}
	return p, nil
}

// Check returns what is wrong with the setting.
func (p *Program) Check() error {
	if len(p.Command) == 0 || !filepath.IsAbs(p.Command[0]) || len(p.Undo) > 0 && !filepath.IsAbs(p.Undo[0]) {
		return errors.New("a program needs its whole path")
	}
	return nil
}

// told is what a program or a webhook is told.
type told struct {
	Verb   string            `json:"verb"` // do, undo
	Kind   string            `json:"kind"`
	Name   string            `json:"name"`
	About  string            `json:"about,omitempty"`
	Params map[string]string `json:"params,omitempty"`
	By     string            `json:"by"`
	Why    Why               `json:"why,omitzero"`
}

func (d *Deed) told(verb string) ([]byte, error) {
	name, about, err := namedTarget(d.Kind, d.Target)
	if err != nil {
		return nil, err
	}
	return json.Marshal(told{verb, d.Kind, name, about, d.Params, d.By, d.Why})
}

func (p *Program) run(ctx context.Context, argv []string, verb string, d *Deed) (string, error) {
	if !filepath.IsAbs(argv[0]) {
		return "", fmt.Errorf("program %s: needs its whole path: %w", argv[0], errFinal)
	}
	text, err := d.told(verb)
	if err != nil {
		return "", err
	}
	limit := p.Timeout
	if limit <= 0 {
		limit = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	out := &bounded{}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(append(text, '\n')), out, out
	cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8"}
	cmd.WaitDelay = 2 * time.Second
	ownGroup(cmd)
	err = cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("ended after %s: %w", limit, ctx.Err())
	}
	if err != nil {
		return "", fmt.Errorf("program %s: %w: %s", argv[0], err, out.text())
	}
	return out.text(), nil
}

// bounded keeps the beginning of what is written to it.
type bounded struct {
	b    []byte
	more int
}

func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), maxOutput-len(b.b))
	b.b = append(b.b, p[:n]...)
	b.more += len(p) - n
	return len(p), nil
}

func (b *bounded) text() string {
	s := strings.TrimSpace(strings.ToValidUTF8(string(b.b), "\uFFFD"))
	if b.more > 0 {
		s += fmt.Sprintf(" … and %d more bytes", b.more)
	}
	return s
}
