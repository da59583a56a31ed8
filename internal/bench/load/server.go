package load

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Server is a server that takes in events as lines of JSON.
type Server struct {
	*Process
	Insert string // address of its intake
	Syslog string // address of TCP; "" where it has none
	bulk   bool   // Insert takes _bulk; else lines of JSON

	kept   func(context.Context) (int64, error) // events that can be found
	events string                               // the folder in which it keeps them
	tocsin string
	data   string
}

// Tocsin starts tocsin serve with these places of rules, and a folder of its own.
func Tocsin(ctx context.Context, tocsin, dir string, rules []string) (*Server, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	s := &Server{tocsin: tocsin, data: filepath.Join(dir, "data"), bulk: true}
	addr, err := freePort()
	if err != nil {
		return nil, err
	}
	if s.Syslog, err = freePort(); err != nil {
		return nil, err
	}
	s.Insert = "http://" + addr + "/logs/_bulk"
	list, err := json.Marshal(rules) // JSON is YAML
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "tocsin.yml")
	text := fmt.Sprintf("data: %q\nrules: %s\ntimezone: UTC\ninputs:\n  syslog:\n    - listen: tcp://%s\n  http:\n    - listen: %s\n", s.data, list, s.Syslog, addr)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return nil, err
	}
	s.events = filepath.Join(s.data, "tenants", "main", "events")
	s.kept = func(ctx context.Context) (int64, error) { st, err := s.Status(ctx); return st.Kept, err }
	if s.Process, err = start(ctx, filepath.Join(dir, "log"), tocsin, "serve", "-q", "--config", config); err != nil {
		return nil, err
	}
	return s, s.until(ctx, 30*time.Second, "it to answer", func() bool { _, err := s.Status(ctx); return err == nil })
}

// Status is what tocsin status tells of the main tenant.
type Status struct {
	Events int64 `json:"events"`
	Kept   int64 `json:"kept"`
	Hits   int64 `json:"hits"`
	Unread int64 `json:"unread"`
	Rules  int   `json:"rules"`
	Log    int64 `json:"log_bytes"`
}

// Status asks tocsin status.
func (s *Server) Status(ctx context.Context) (Status, error) {
	out, err := exec.CommandContext(ctx, s.tocsin, "status", "--json", "--data", s.data).Output()
	if err != nil {
		return Status{}, fmt.Errorf("tocsin status: %w", err)
	}
	var all struct {
		Tenants []Status `json:"tenants"`
	}
	if err := json.Unmarshal(out, &all); err != nil || len(all.Tenants) != 1 {
		return Status{}, fmt.Errorf("tocsin status tells of %d tenants: %w", len(all.Tenants), err)
	}
	return all.Tenants[0], nil
}

// Finds tells whether tocsin search finds a word.
func (s *Server) Finds(ctx context.Context, word string) (bool, error) {
	out, err := exec.CommandContext(ctx, s.tocsin, "search", "--json", "--since", "1h", "--data", s.data, word).Output()
	var exit *exec.ExitError
	if err != nil && !(asExit(err, &exit) && exit.ExitCode() == 1) {
		return false, fmt.Errorf("tocsin search: %w", err)
	}
	return strings.Contains(string(out), word), nil
}

func asExit(err error, to **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError)
	*to = e
	return ok
}

// VictoriaLogs starts a victoria-logs server with a folder of its own.
func VictoriaLogs(ctx context.Context, program, dir string) (*Server, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	addr, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &Server{data: filepath.Join(dir, "data")}
	s.events = filepath.Join(s.data, "partitions")
	s.Insert = "http://" + addr + "/insert/jsonline?_stream_fields=Channel&_time_field=@timestamp&_msg_field=CommandLine"
	s.kept = func(ctx context.Context) (int64, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/select/logsql/query?query="+url.QueryEscape("* | stats count() n"), nil)
		if err != nil {
			return 0, err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			return 0, err
		}
		var row struct{ N string }
		if err := json.Unmarshal(text, &row); err != nil {
			return 0, err
		}
		return strconv.ParseInt(row.N, 10, 64)
	}
	if s.Process, err = start(ctx, filepath.Join(dir, "log"), program, "-httpListenAddr="+addr, "-storageDataPath="+s.data, "-retentionPeriod=100y", "-loggerLevel=ERROR"); err != nil {
		return nil, err
	}
	return s, s.until(ctx, 30*time.Second, "it to answer", func() bool { _, err := s.kept(ctx); return err == nil })
}
