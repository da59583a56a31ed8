package main

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/notify"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/source"
)

// schemaName is the file of the JSON Schema, beside the pages.
const schemaName = "tocsin.schema.json"

// schemaText returns the JSON Schema of tocsin.yml.
func schemaText() string { return string(config.Schema(&settings.File{}, settings.Name)) }

// inputsPage describes the kinds of live inputs by their structs.
func inputsPage() page {
	var b strings.Builder
	b.WriteString("What `tocsin serve` takes in, and every key of each kind, as they stand below `inputs` in " +
		"[tocsin.yml](configuration.md). Where no\ninput is configured, it reads what this machine logs, and listens for syslog and HTTP on the loopback.\n")
	for _, k := range source.Kinds {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n```yaml\n%s```\n\n", k.Name, k.Doc, inputExample(k))
		writeKeys(&b, reflect.TypeOf(k.Config).Elem(), "")
	}
	return page{"inputs", "Inputs", "the roads by which logs come in, key by key", b.String()}
}

// inputExample is the example of a kind as it stands in tocsin.yml.
func inputExample(k source.Kind) string {
	var b strings.Builder
	fmt.Fprintf(&b, "inputs:\n  %s:\n", k.Name)
	for line := range strings.Lines(strings.TrimRight(k.Example, "\n") + "\n") {
		b.WriteString("    " + line)
	}
	return b.String()
}

// writeKeys writes a table of the keys of a struct, those of structs in it with what stands before them.
func writeKeys(b *strings.Builder, t reflect.Type, under string) {
	b.WriteString("| key | kind | default | meaning |\n|---|---|---|---|\n")
	writeKeyRows(b, t, under)
}

func writeKeyRows(b *strings.Builder, t reflect.Type, under string) {
	for i := range t.NumField() {
		f := t.Field(i)
		key, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if option == "inline" {
			writeKeyRows(b, f.Type, under)
			continue
		}
		if key == "" || key == "-" {
			continue
		}
		kind, inner := keyKind(f)
		words := f.Tag.Get("doc")
		if e := f.Tag.Get("example"); e != "" {
			words += " Such as " + codeCell(e) + "."
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", under+key, kind, cell(f.Tag.Get("default")), strings.ReplaceAll(cell(words), "*", `\*`))
		switch {
		case inner == nil:
		case f.Type.Kind() == reflect.Map:
			writeKeyRows(b, inner, under+key+".NAME.")
		default:
			writeKeyRows(b, inner, under+key+".")
		}
	}
}

// keyKind says what a key takes, and which struct's keys stand below it.
func keyKind(f reflect.StructField) (kind string, inner reflect.Type) {
	t := f.Type
	switch {
	case f.Tag.Get("secret") == "true":
		return "`env:NAME` or `file:/path`", nil
	case t == reflect.TypeFor[time.Duration]():
		return "duration", nil
	case t == reflect.TypeFor[[]string]():
		return "texts", nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "keys and values", nil
	case reflect.Slice:
		if strings.HasPrefix(t.Elem().PkgPath(), reflect.TypeFor[source.Kind]().PkgPath()) && strings.HasSuffix(t.Elem().Name(), "Config") {
			return "[list](inputs.md#" + strings.SplitN(f.Tag.Get("yaml"), ",", 2)[0] + ")", nil
		}
		return "list", t.Elem()
	case reflect.Map:
		if e := t.Elem(); e.Kind() == reflect.Struct && e != reflect.TypeFor[settings.Site]() && e.PkgPath() != reflect.TypeFor[notify.WayConfig]().PkgPath() { // those are told elsewhere
			return "by names of your own", e
		}
		return "keys and values", nil
	case reflect.Struct:
		return "", t
	case reflect.Bool:
		return "true or false", nil
	case reflect.String:
		return "text", nil
	}
	return "number", nil
}

// configurationPage describes tocsin.yml.
func configurationPage() page {
	var b strings.Builder
	b.WriteString("`tocsin.yml` needs no key at all. It is looked for in the user's tocsin folder (`~/.config/tocsin/tocsin.yml` on Linux), then\n" +
		"at `/etc/tocsin/tocsin.yml`; `--config` names another. `hunt` heeds the keys down to `jobs`, `serve` heeds all.\n\n" +
		"`tocsin check` shows every mistake at once, with its place; `tocsin config` prints what is in force;\n" +
		"`tocsin reload` (or SIGHUP) takes it up without losing an event, and says which keys need a restart.\n\n" +
		"Durations are written `90s`, `5m`, `24h`, `7d`. Where a list is wanted, one value will do. A secret never stands in this file:\n" +
		"write `env:NAME` or `file:/path`. Paths of certificates, keys, secrets, logs and rules that do not begin with `/` are relative\n" +
		"to the folder of this file.\n\n" +
		"For completion in an editor: [" + schemaName + "](" + schemaName + "), which `tocsin config --schema` prints. With the YAML language\n" +
		"server, the first line of the file says so: `# yaml-language-server: $schema=/path/to/" + schemaName + "`\n\n## Keys\n\n")
	writeKeys(&b, reflect.TypeFor[settings.File](), "")
	b.WriteString("\n## The whole file\n\nWhat `tocsin config` prints where nothing is configured:\n\n```yaml\n" + config.Print(&settings.File{}) + "```\n")
	return page{"configuration", "tocsin.yml", "every key of the configuration", b.String()}
}

// queryPage describes the search language.
func queryPage() page {
	var b strings.Builder
	b.WriteString("What `tocsin search`, and without pipes `tocsin tail`, take. A mistake is shown with its place.\n")
	for _, topic := range query.Reference() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| form | meaning | example | the same, as written elsewhere |\n|---|---|---|---|\n", topic.Title, topic.Doc)
		for _, e := range topic.Entries {
			also := make([]string, len(e.Also))
			for i, a := range e.Also {
				also[i] = codeCell(a)
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", codeCell(e.Form), cell(e.Doc), codeCell(e.Example), strings.Join(also, "<br>"))
		}
	}
	return page{"query", "The search language", "what search and tail understand", b.String()}
}

// Every example of an input is taken by the loader of tocsin.yml, which knows all its keys, and sets something.
func TestExamplesOfInputsAreConfigurations(t *testing.T) {
	for _, k := range source.Kinds {
		t.Run(k.Name, func(t *testing.T) {
			s := &settings.File{}
			if _, err := config.Load("example", []byte(inputExample(k)), s); err != nil {
				t.Fatalf("%v\nin\n%s", err, inputExample(k))
			}
			if plan := settings.InputsOf(&s.Site, ""); len(plan) == 0 {
				t.Errorf("no input comes from\n%s", inputExample(k))
			}
			if _, err := config.Load("example", []byte(inputExample(k)+"  no_such_key: 1\n"), &settings.File{}); err == nil {
				t.Errorf("an unknown key is taken in\n%s", inputExample(k))
			}
		})
	}
}

// Every kind of input has its key below inputs, by its name.
func TestEveryKindOfInputHasItsKey(t *testing.T) {
	keys := make(map[string]reflect.Type)
	in := reflect.TypeFor[settings.Inputs]()
	for i := range in.NumField() {
		keys[in.Field(i).Tag.Get("yaml")] = in.Field(i).Type.Elem()
	}
	for _, k := range source.Kinds {
		if keys[k.Name] != reflect.TypeOf(k.Config).Elem() {
			t.Errorf("inputs.%s is %v, not the configuration of its kind, %T", k.Name, keys[k.Name], k.Config)
		}
		delete(keys, k.Name)
	}
	if len(keys) > 0 {
		t.Errorf("inputs has keys of which source.Kinds knows nothing: %v", keys)
	}
}

// What `tocsin config` prints where nothing is configured is a configuration without mistakes that says nothing.
func TestPrintedConfigurationIsOne(t *testing.T) {
	s := &settings.File{}
	if _, err := config.Load(settings.Name, []byte(config.Print(&settings.File{})), s); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s, &settings.File{}) {
		t.Errorf("it sets %+v", s)
	}
}
