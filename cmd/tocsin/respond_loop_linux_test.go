package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// incidents are those that serve tells of, by their keys.
func (s *attackSite) incidents() (list []struct{ Key, Title, Sentence string }) {
	out, _ := s.tocsin("alerts", "--status", "any", "--json")
	for d := json.NewDecoder(strings.NewReader(out)); ; {
		var i struct{ Key, Title, Sentence string }
		if d.Decode(&i) != nil {
			return list
		}
		list = append(list, i)
	}
}

// The whole loop, with a real sshd: guesses become an alert, the alert a playbook's block, the block dropped packets. The
// incident becomes a case, the case is closed, and from it rules are drafted, tried on what is kept, tested, armed: one about the first
// event of whoever did it, one about as many of others. Then the block is taken away, and the same attack is caught again, now at its
// first line; and the one about many hits where the same comes from elsewhere. Last it is all taken back.
func TestWholeLoop(t *testing.T) {
	s := newSite(t)
	s.start("respond:\n  modes: {password-guessing: auto}\n")
	s.sshd()
	s.must("ip", "-n", s.theirs, "addr", "add", "10.8.1.3/24", "dev", "v0")
	s.guessFrom("10.8.1.3", 1, 2) // somebody mistypes a password: what is ordinary here
	s.guess(2)
	parts.Wait(t, 30*time.Second, "the block", func() bool { return !s.reach("10.8.1.1:2222") })
	out, _ := s.tocsin("blocks", "--json")
	if !strings.Contains(out, `"target":"10.8.1.2"`) {
		t.Fatalf("blocks: %s", out)
	}
	s.reach("10.8.1.1:2222")
	if hits := regexp.MustCompile(`"packets":[1-9]`).FindString(out + s.out("blocks", "--json")); hits == "" {
		t.Errorf("the block has met nothing: %s", out)
	}

	list := s.incidents()
	if len(list) == 0 {
		t.Fatal("no incident")
	}
	key := list[0].Key
	parts.Wait(t, 30*time.Second, "its events", func() bool {
		out, _ := s.tocsin("search", "source.ip:10.8.1.2 and event.outcome:failure", "--since", "1h", "--json")
		return strings.Count(out, "\n") >= 10
	})
	made := s.want([]string{"case", "new", "Guesses at the bastion", key, "--json"})
	of := regexp.MustCompile(`"key":"([0-9a-f]+)"`).FindStringSubmatch(made)
	if of == nil {
		t.Fatalf("case: %s", made)
	}
	s.want([]string{"case", "close", of[1], "malicious", "guesses from the outside"}, "closed as malicious")
	dir := filepath.Join(s.dir, "draft")
	drafted := s.want([]string{"prevent", of[1], "--dir", dir}, "tried on the last 30 days", "gte: 10", "10.8.1.2", "describes 0 of")
	t.Logf("%s", drafted)
	s.want([]string{"rules", "test", dir})
	armed := s.want([]string{"prevent", of[1], "--dir", dir, "--arm"}, "armed: ")

	// The first line of the same attack is caught, by a rule that answers with a block.
	alone := regexp.MustCompile(`([0-9a-f-]{36})  Again: `).FindStringSubmatch(armed)
	often := regexp.MustCompile(`[0-9a-f-]{36}, ([0-9a-f-]{36})  One event of: [^\n]*; Again, as often: `).FindStringSubmatch(armed)
	if alone == nil || often == nil {
		t.Fatalf("armed: %s", armed)
	}
	if s.hitsOf(alone[1])+s.hitsOf(often[1]) != "" {
		t.Error("what was armed hits what is over")
	}
	s.want([]string{"unblock", "10.8.1.2"})
	if !s.reach("10.8.1.1:2222") {
		t.Fatal("still blocked")
	}
	s.guessFrom("10.8.1.2", 1, 1)
	parts.Wait(t, 20*time.Second, "the hit at the first line", func() bool { return s.hitsOf(alone[1]) != "" })
	if n := strings.Count(s.hitsOf(alone[1]), "\n"); n != 1 {
		t.Errorf("%d hits of one line", n)
	}
	// From elsewhere it is the number that tells.
	s.guessFrom("10.8.1.3", 2, 6)
	parts.Wait(t, 20*time.Second, "the hit of many", func() bool { return strings.Contains(s.hitsOf(often[1]), "10.8.1.3") })
	if strings.Contains(s.hitsOf(alone[1]), "10.8.1.3") {
		t.Error("the rule about whoever did it hits others")
	}

	for _, id := range []string{alone[1], often[1]} {
		s.want([]string{"prevent", "--disarm", id}, "taken back")
	}
	if files, err := os.ReadDir(filepath.Join(s.dir, "data", "rules")); err != nil || len(files) > 0 {
		t.Errorf("left: %v, %v", files, err)
	}
}

// out is what a command prints.
func (s *attackSite) out(args ...string) string {
	out, _ := s.tocsin(args...)
	return out
}

// hitsOf are the hits of a rule, one a line.
func (s *attackSite) hitsOf(rule string) string {
	out, err := s.tocsin("alerts", "--rule", rule, "--level", "informational", "--json")
	if err != nil && !strings.HasPrefix(out, "{") {
		return ""
	}
	return out
}
