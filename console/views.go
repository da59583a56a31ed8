package console

// registerViews adds the operations that the pages are made of.
func (s *Server) registerViews(a *API) {
	s.registerSummary(a)
}
