package main

import "github.com/tocsin-sec/tocsin/console"

// answerViews lets the operations that pages are made of ask this process.
func (s *serve) answerViews(c *console.Server) {
	c.Views = console.Views{Judge: s.judgeStep}
}
