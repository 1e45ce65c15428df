"""Everyday: words for what is no defect of a surface, against which the nearest neighbour is weighed.

A sentence encoder finds a neighbour for every text; words for feelings, music or money lie far from all defects, yet
some defect is always the nearest. What lies nearer to one of these than to any name of a defect is not taken for one.
`THINGS` are parts and objects that may well have a defect, though no recipe names them.
"""

from __future__ import annotations

__all__ = ["EVERYDAY", "THINGS"]

TOPICS = """
    joy, grief, anger, fear, hope, love, hate, envy, pride, shame, loneliness, boredom, excitement, mood, emotion
    idea, thought, opinion, belief, truth, lie, wisdom, courage, kindness, patience, honour, justice, freedom, peace
    politics, government, election, parliament, president, law, court, crime, police, prison, army, war, revolution
    money, bank, loan, tax, salary, price, budget, stock market, insurance, investment, invoice, profit, inflation
    business meeting, marketing, customer, contract, job interview, annual report, office, career, manager, deadline
    school, teacher, student, exam, homework, lecture, college, education, history, philosophy, mathematics, algebra
    physics, chemistry lesson, biology, astronomy, gravity, evolution, genetics, atom, energy, theory, experiment
    computer program, code, website, password, email, internet, database, server, operating system, video game, app
    data processing, artificial intelligence, algorithm, username, file download, error in the code, programming
    music, song, melody, concert, orchestra, band, dance, rhythm, piano, drums, singer, opera, choir, rock and roll
    painting an artwork, poetry, novel, book, story, film actor, movie, theatre, comedy, joke, drama, museum, sculpture
    sport, soccer, tennis, basketball, swimming, running a race, cycling, chess, olympics, referee, team, victory
    cooking, dinner, breakfast, soup, pasta, pizza, salad, cheese, coffee drink, tea, wine drinking, restaurant, menu
    family, mother, father, child, baby, friend, neighbour, wedding, birthday, marriage, divorce, funeral, man, woman
    doctor, nurse, hospital, medicine, illness, pain, fever, cough, headache, broken leg, surgery, therapy, dentist
    heart attack, sore throat, skin disease of a person, pregnancy, diet, sleep, dream, nightmare, exercise, yoga
    dog, cat, horse, cow, bird, fish, lion, elephant, snake, monkey, rabbit, dragon, unicorn, dinosaur, butterfly
    tree, flower, garden, forest, mountain, river, ocean, beach, island, desert, valley, sunrise, moon, star, planet
    weather, storm, rain, snow, wind, thunder, sunshine, fog outside, climate, hurricane, earthquake, volcano, flood
    monday, friday, january, august, summer, winter, morning, midnight, yesterday, tomorrow, century, hour, calendar
    holiday, travel, hotel, airport, train journey, flight, passport, tourism, map, london, tokyo, africa, america
    car, bicycle ride, bus, truck driver, airplane, ship, rocket, motorcycle, traffic jam, parking, taxi, driving
    house for sale, kitchen, bedroom, neighbourhood, city, village, country, street, castle, apartment rent
    god, church, prayer, religion, angel, ghost, magic, wizard, princess, king, queen, fairy tale, superhero, robot
    hello, thank you, good morning, how are you, what is this, who is he, where is it, why, when, how to do something
    tell me something, give advice, explain, translate, write a letter, question, answer, conversation, language
    walking, talking, laughing, crying, singing, jumping, eating, reading, playing, shopping, fishing, camping
    sitting, standing, sleeping, working, waiting, thinking, winning, losing, learning, flying, riding, dreaming
    toy, doll, party, gift, balloon, lottery, gambling, fashion, dress, hat, wear a tie, trousers, haircut
    culture, society, tradition, democracy movement, human rights, charity, rumour, secret, promise, mistake, luck
    sound, noise, voice, silence, whisper, smell, taste, temperature, speed, velocity, volume, light year, time
    grammar, verb, noun, alphabet, spelling bee, dictionary, poem verse, chapter, headline, newspaper, interview
    fairness, beauty, elegance, success, failure in life, ambition, jealousy, nostalgia, curiosity, confusion, doubt
"""
OBJECTS = """
    machine part, component, workpiece, housing, panel, plate, sheet, surface, door, window, window pane, wall, floor
    ceiling, roof, table, chair, desk, shelf, cabinet, drawer, handle, knob, lever, bracket, frame, pipe fitting, valve
    pump, engine, piston, cylinder, shaft, nut, nail, rivet, spring, hinge, bearing, blade, knife, tool, hammer, chain
    bucket, pot, pan, cup, bowl, spoon, fork, jar, box, crate, lid, cap, tray, bag, suitcase, shoe, jacket, glove
    phone, laptop, tablet computer, keyboard, watch, camera, lamp, bulb, mirror, battery, connector, plug, socket
    wheel, rim, bumper, bonnet, windscreen, windshield, headlight, fender, car roof, bicycle frame, boat hull, wing
    turbine blade, casing, mould, die, billet, ingot, bar, beam, girder, column, bridge deck, tunnel lining, kerb
    curtain, sofa cover, mattress, towel, rope, belt, hose, gasket, washer, filter, cushion, sail, tent, flag
    sink, bathtub, basin, toilet, oven, fridge, radiator, tank, barrel, drum container, gutter, fence, gate, railing
    piano, guitar body, violin, trumpet
    bamboo, cork, wax, clay, ivory, bone, resin, nylon, teflon, bakelite, lead, silver, gold
"""


def listed(text: str) -> tuple[str, ...]:
    return tuple(" ".join(item.split()) for line in text.split("\n") for item in line.split(",") if item.strip())


EVERYDAY = listed(TOPICS)
THINGS = listed(OBJECTS)
