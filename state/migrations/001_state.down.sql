DROP TABLE audit;
DROP TABLE facts;
DROP TABLE hit_rules;
DROP TABLE hit_entities;
DROP TABLE hits;
