package main

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/notify"
	"github.com/tocsin-sec/tocsin/settings"
)

// notifyPage describes the ways of telling people, and the routes, by their structs.
func notifyPage() page {
	var b strings.Builder
	b.WriteString("Who is told of what, when and by which ways, as it stands below `notify` in [tocsin.yml](configuration.md). `tocsin notify test` tries\n" +
		"every way, `tocsin notify list` says who would be told now, `tocsin check` which severities reach nobody.\n\n" +
		"A message is written down before it is sent, is tried again for days where it cannot be delivered, and is sent once: services that know\n" +
		"messages by a key (PagerDuty, Opsgenie, Jira, mail by its Message-ID) never show one twice; by the others it can come twice only where\n" +
		"the connection or the process ended at the wrong moment, and then says so. What comes in floods is told in one message.\n\n" +
		"```yaml\n" + notifyExample + "```\n\n")
	for _, part := range []struct {
		title, words string
		t            reflect.Type
	}{
		{"routes", "The first route that fits an incident tells it; `continue` lets those after it tell it, too. Somebody is told again when it becomes graver or " +
			"reaches a new stage, at once; when nobody has taken it, after `escalate` and `repeat_interval`; and when it is closed.", reflect.TypeFor[notify.RouteConfig]()},
		{"people", "", reflect.TypeFor[notify.PersonConfig]()},
		{"rosters", "Who is on duty. Turns go by the wall clock of `zone`, also when it is set for summer.", reflect.TypeFor[notify.RosterConfig]()},
		{"digest", "One mail a day.", reflect.TypeFor[notify.DigestConfig]()},
	} {
		fmt.Fprintf(&b, "## %s\n\n", part.title)
		if part.words != "" {
			b.WriteString(part.words + "\n\n")
		}
		writeKeys(&b, part.t, "")
		b.WriteString("\n")
	}
	b.WriteString("## ways\n\nEach way has one of the kinds below as a key, and:\n\n| key | kind | default | meaning |\n|---|---|---|---|\n")
	way := reflect.TypeFor[notify.WayConfig]()
	for i := range way.NumField() {
		if f := way.Field(i); f.Type.Kind() != reflect.Pointer {
			kind, _ := keyKind(f)
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Tag.Get("yaml"), kind, cell(f.Tag.Get("default")), cell(f.Tag.Get("doc")))
		}
	}
	for _, k := range notify.Ways {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n```yaml\n%s```\n\n", k.Name, k.Doc, wayExample(k))
		writeKeys(&b, reflect.TypeOf(k.Config).Elem(), "")
	}
	return page{"notify", "Telling people", "who is told of what, and by which ways", b.String()}
}

// notifyExample is a whole configuration.
const notifyExample = `notify:
  link: https://tocsin.example.com/queue/{key}
  ways:
    security-mail: {mail: {server: 'smtp://mail.example.com:587', from: tocsin@example.com, to: [security@example.com]}}
    anna-phone: {ntfy: {server: 'https://ntfy.example.com', topic: anna}}
    ben-phone: {ntfy: {server: 'https://ntfy.example.com', topic: ben}}
  people:
    anna: {ways: [anna-phone]}
    ben: {ways: [ben-phone]}
  rosters:
    duty: {members: [anna, ben], every: week, handover: Mon 09:00, zone: Europe/Berlin}
  routes:
    - name: grave
      level: high
      to: [duty, security-mail]
      escalate: [{after: 15m, to: [duty+1]}]
    - name: rest
      level: medium
      to: [security-mail]
      hours: [Mon-Fri 08:00-18:00]
      zone: Europe/Berlin
  digest: {to: [security-mail], at: '07:30', zone: Europe/Berlin}
`

// wayExample is the example of a kind as it stands in tocsin.yml.
func wayExample(k notify.Kind) string {
	var b strings.Builder
	fmt.Fprintf(&b, "notify:\n  ways:\n    my-%s:\n      %s:\n", k.Name, k.Name)
	for line := range strings.Lines(strings.TrimRight(k.Example, "\n") + "\n") {
		b.WriteString("        " + line)
	}
	return b.String()
}

// Every example of a way is taken by the loader of tocsin.yml, which knows all its keys.
func TestExamplesOfWaysAreConfigurations(t *testing.T) {
	for _, k := range notify.Ways {
		t.Run(k.Name, func(t *testing.T) {
			s := &settings.File{}
			if _, err := config.Load("example", []byte(wayExample(k)), s); err != nil {
				t.Fatalf("%v\nin\n%s", err, wayExample(k))
			}
			if len(s.Notify.Ways) != 1 || reflect.DeepEqual(s.Notify.Ways["my-"+k.Name], notify.WayConfig{}) {
				t.Errorf("no way comes from\n%s", wayExample(k))
			}
			if _, err := config.Load("example", []byte(wayExample(k)+"        no_such_key: 1\n"), &settings.File{}); err == nil {
				t.Errorf("an unknown key is taken in\n%s", wayExample(k))
			}
		})
	}
	s := &settings.File{}
	if _, err := config.Load("example", []byte(notifyExample), s); err != nil {
		t.Fatal(err)
	}
	if _, err := notify.Compile(&s.Notify, notify.Env{Host: "h"}); err != nil {
		t.Error(err)
	}
}

// Every kind of way has its key, by its name.
func TestEveryKindOfWayHasItsKey(t *testing.T) {
	keys := make(map[string]reflect.Type)
	way := reflect.TypeFor[notify.WayConfig]()
	for i := range way.NumField() {
		if f := way.Field(i); f.Type.Kind() == reflect.Pointer {
			keys[f.Tag.Get("yaml")] = f.Type
		}
	}
	for _, k := range notify.Ways {
		if keys[k.Name] != reflect.TypeOf(k.Config) {
			t.Errorf("ways.%s is %v, not the configuration of its kind, %T", k.Name, keys[k.Name], k.Config)
		}
		delete(keys, k.Name)
	}
	if len(keys) > 0 {
		t.Errorf("a way has keys of which notify.Ways knows nothing: %v", keys)
	}
}
