package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// peer is another program, installed by its name from a package registry.
type peer struct {
	Name    string // as its users call it
	What    string
	Version string // of the package, once it is there
	Missing string // why it cannot be had; "" where it is there
}

// cache is where peers are installed, once for all runs.
type cache string

func (c cache) program(name string) string { return filepath.Join(string(c), "bin", name) }
func (c cache) python() string             { return filepath.Join(string(c), "python") }

// install gets every peer that can be had, and says why of the others.
func (c cache) install(ctx context.Context, say func(string, ...any)) map[string]*peer {
	list := []*peer{
		{Name: "rsigma", What: "Sigma engine in Rust, cargo install rsigma"},
		{Name: "evtx_dump", What: "EVTX parser in Rust, cargo install evtx"},
		{Name: "chainsaw", What: "Sigma over EVTX in Rust"},
		{Name: "Zircolite", What: "Sigma over EVTX in Python"},
		{Name: "pySigma", What: "the reference implementation of the language in Python, as judge; pip install pysigma"},
	}
	out := make(map[string]*peer)
	for _, p := range list {
		out[p.Name] = p
		if err := c.get(ctx, p, say); err != nil {
			p.Missing = err.Error()
		}
	}
	return out
}

func (c cache) get(ctx context.Context, p *peer, say func(string, ...any)) error {
	switch p.Name {
	case "rsigma":
		return c.cargo(ctx, p, say, "rsigma", "--no-default-features", "--features", "evtx,daachorse-index")
	case "evtx_dump":
		return c.cargo(ctx, p, say, "evtx")
	case "chainsaw":
		return strange(ctx, "chainsaw")
	case "Zircolite":
		return c.pip(ctx, p, say, "zircolite", "zircolite")
	default:
		return c.pip(ctx, p, say, "pysigma", "sigma")
	}
}

// cargo installs a crate whose program has the peer's name.
func (c cache) cargo(ctx context.Context, p *peer, say func(string, ...any), crate string, args ...string) error {
	program := c.program(p.Name)
	if _, err := os.Stat(program); err != nil {
		if _, err := exec.LookPath("cargo"); err != nil {
			return fmt.Errorf("cargo is not here")
		}
		say("cargo install %s (this takes some minutes, once)", crate)
		if err := quiet(ctx, "cargo", append([]string{"install", crate, "--locked", "--root", string(c)}, args...)...); err != nil {
			return err
		}
	}
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return fmt.Errorf("run %s: %w", program, err)
	}
	p.Version, _, _ = strings.Cut(strings.TrimSpace(string(out)), "\n")
	return nil
}

// strange tells what a crate is that has a peer's name and is another program.
func strange(ctx context.Context, crate string) error {
	out, err := exec.CommandContext(ctx, "cargo", "info", crate).Output()
	if err != nil {
		return fmt.Errorf("crates.io has no crate of that name, or cannot be reached")
	}
	lines := strings.SplitN(string(out), "\n", 3)
	return fmt.Errorf("the crate of that name on crates.io is another program (%q)", strings.Join(lines[min(1, len(lines)-1):min(2, len(lines))], ""))
}

// pip installs a package that holds a module of the given name.
func (c cache) pip(ctx context.Context, p *peer, say func(string, ...any), pkg, module string) error {
	if _, err := os.Stat(filepath.Join(c.python(), module)); err != nil {
		say("pip install %s", pkg)
		if err := quiet(ctx, "python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", c.python(), pkg); err != nil {
			return fmt.Errorf("pip install %s: %w", pkg, err)
		}
	}
	infos, _ := filepath.Glob(filepath.Join(c.python(), pkg+"-*.dist-info"))
	if len(infos) > 0 {
		p.Version = strings.TrimSuffix(filepath.Base(infos[0]), ".dist-info")
	}
	return nil
}

// quiet runs a command; its error is the last line that the command wrote.
func quiet(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("%s", lines[len(lines)-1])
	}
	return nil
}
