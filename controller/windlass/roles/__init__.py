"""The roles of an installation of several processes: controllers, of which one leads, and replicas of the web."""
