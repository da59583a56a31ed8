package lane

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Cost is what one run of a command took.
type Cost struct {
	CPU    time.Duration // user and system time of the process and its children
	Wall   time.Duration
	Memory int64 // most memory resident at one time, in bytes
	Exit   int
	Stderr string // the end of it
}

// Command is a command to be measured.
type Command struct {
	Args   []string
	Stdin  string    // a file; "" is none
	Stdout io.Writer // nil is thrown away
	Env    []string  // beside those of this process
}

// String is the command as a person would type it in a shell.
func (c Command) String() string {
	words := make([]string, 0, len(c.Args)+2)
	for _, a := range c.Args {
		if a == "" || strings.ContainsAny(a, " '\"$*?{}()\\") {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		words = append(words, a)
	}
	if c.Stdin != "" {
		words = append(words, "<", c.Stdin)
	}
	return strings.Join(words, " ")
}

// Run runs a command once. An exit status above okay is an error.
func (c Command) Run(ctx context.Context, okay int) (Cost, error) {
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Env = append(os.Environ(), c.Env...)
	var stderr bytes.Buffer
	cmd.Stderr, cmd.Stdout = &stderr, c.Stdout
	if c.Stdin != "" {
		f, err := os.Open(c.Stdin)
		if err != nil {
			return Cost{}, err
		}
		defer f.Close()
		cmd.Stdin = f
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return Cost{}, fmt.Errorf("run %s: %w", c.Args[0], err)
	}
	stop, peak := make(chan struct{}), make(chan int64)
	go func() { peak <- watch(cmd.Process.Pid, stop) }()
	err := cmd.Wait()
	cost := Cost{Wall: time.Since(start), Exit: cmd.ProcessState.ExitCode()}
	close(stop)
	cost.Memory = <-peak
	cost.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if cost.Memory == 0 {
		cost.Memory = memoryOf(cmd.ProcessState)
	}
	cost.Stderr = stderr.String()
	if err != nil && (cost.Exit < 0 || cost.Exit > okay) {
		return cost, fmt.Errorf("run %s: %w: %s", c.Args[0], err, lastLines(cost.Stderr, 3))
	}
	return cost, nil
}

// watch returns the highest mark of a process's memory. The kernel keeps that mark; the one that it reports of an ended
// child is no use, for it begins with the memory of the process that started the child.
func watch(pid int, stop <-chan struct{}) (peak int64) {
	name := fmt.Sprintf("/proc/%d/status", pid)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if data, err := os.ReadFile(name); err == nil {
			if _, rest, ok := strings.Cut(string(data), "VmHWM:"); ok {
				if f := strings.Fields(rest); len(f) > 0 {
					kb, _ := strconv.ParseInt(f[0], 10, 64)
					peak = max(peak, kb<<10)
				}
			}
		}
		select {
		case <-stop:
			return peak
		case <-tick.C:
		}
	}
}

// Median runs a command n times and returns the run of median CPU time, with the highest memory of all.
func (c Command) Median(ctx context.Context, n, okay int) (Cost, error) {
	var costs []Cost
	var memory int64
	for range n {
		cost, err := c.Run(ctx, okay)
		if err != nil {
			return cost, err
		}
		memory = max(memory, cost.Memory)
		costs = append(costs, cost)
	}
	slices.SortFunc(costs, func(a, b Cost) int { return int(a.CPU - b.CPU) })
	cost := costs[len(costs)/2]
	cost.Memory = memory
	return cost, nil
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "; ")
}

// Machine describes the machine in general words.
func Machine() string {
	model := runtime.GOARCH
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			if name, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	memory := ""
	if data, err := os.ReadFile("/proc/meminfo"); err == nil {
		if f := strings.Fields(string(data)); len(f) > 1 {
			kb, _ := strconv.Atoi(f[1])
			memory = fmt.Sprintf(", %d GB of memory", (kb+1<<19)>>20)
		}
	}
	return fmt.Sprintf("%d × %s%s, %s/%s, %s", runtime.NumCPU(), model, memory, runtime.GOOS, runtime.GOARCH, runtime.Version())
}
