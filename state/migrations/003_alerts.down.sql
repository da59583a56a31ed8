DROP TABLE cases;
DROP TABLE silences;
DROP TABLE incident_entities;
DROP TABLE incidents;
DROP TABLE alerts;
