package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProcess) != "" {
		os.Exit(process())
	}
	testscript.Main(m, map[string]func(){
		"tocsin": func() {
			os.Exit(process())
		},
	})
}

// Each script is one thing that a person wants of the program.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_CONFIG_HOME", e.WorkDir+"/settings")
			e.Setenv("XDG_DATA_HOME", e.WorkDir+"/data")
			e.Setenv("XDG_STATE_HOME", e.WorkDir+"/state")
			return nil
		},
		Cmds:      map[string]func(*testscript.TestScript, bool, []string){"await": await, "append": appendFile, "key": keep, "interrupt": interrupt, "post": post},
		Condition: condition,
	})
}

// await runs a command again and again until it prints what its first argument describes, for a minute at most.
func await(ts *testscript.TestScript, _ bool, args []string) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		if regexp.MustCompile("(?m)" + args[0]).MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%v did not print that in a minute: %v", args, err)
		}
	}
}

// keep runs a command that lists things by their keys, and keeps the first key as $KEY; as $KEYn if n is not 0.
func keep(ts *testscript.TestScript, _ bool, args []string) {
	_ = ts.Exec(args[1], args[2:]...) // it ends with 1 where it has found something
	key := regexp.MustCompile("(?m)^[0-9a-f]{8}").FindString(ts.ReadFile("stdout"))
	if key == "" {
		ts.Fatalf("%v printed no key", args)
	}
	ts.Setenv("KEY"+strings.TrimPrefix(args[0], "0"), key)
}

// condition tells what a script may ask about the machine.
func condition(cond string) (bool, error) {
	if cond == "root" {
		return os.Geteuid() == 0, nil
	}
	return false, fmt.Errorf("unknown condition %q", cond)
}

// post sends a line by HTTP to an address, with headers as NAME=VALUE, and expects a status.
func post(ts *testscript.TestScript, _ bool, args []string) {
	r, err := http.NewRequest(http.MethodPost, "http://"+args[0]+"/ingest", strings.NewReader("{\"message\":\"a line by http\"}\n"))
	ts.Check(err)
	r.Header.Set("Content-Type", "application/x-ndjson")
	for _, h := range args[2:] {
		name, value, _ := strings.Cut(h, "=")
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	ts.Check(err)
	text, err := io.ReadAll(resp.Body)
	ts.Check(errors.Join(err, resp.Body.Close()))
	if strconv.Itoa(resp.StatusCode) != args[1] {
		ts.Fatalf("%v: status %d, not %s: %s", args[2:], resp.StatusCode, args[1], text)
	}
}

// appendFile appends the second file to the first.
func appendFile(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	_, err = f.WriteString(ts.ReadFile(args[1]))
	ts.Check(errors.Join(err, f.Close()))
}

// interrupt interrupts a command that was started in the background.
func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(os.Interrupt))
	}
}
